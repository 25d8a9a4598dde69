// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/record_writer.h"

#include "engine/kafka/produce/producer.h"
#include "engine/model/batch_builder.h"
#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

#include <future>

namespace pelton::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Pairs = std::vector<std::pair<std::string, std::string>>;

model::BatchPtr batch_of(const model::EventView& event) {
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

Pairs headers(const model::EventView& event, ContentMode mode = ContentMode::binary) {
  const Headers made = headers_of(*batch_of(event), 0, mode);
  Pairs pairs;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; made && rd_kafka_header_get_all(made.get(), i, &name, &value, &size) ==
                                      RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i)
    pairs.emplace_back(name, std::string(static_cast<const char*>(value), size));
  return pairs;
}

model::EventView event_with_attributes() {
  model::EventView event;
  event.id = "7";
  event.source = "/s";
  event.type = "t";
  event.data = "{}";
  event.has_data = true;
  return event;
}

TEST(RecordHeaders, OfAPlainEventAreItsOwn) {
  model::EventView event;
  event.data = "x";
  EXPECT_THAT(headers(event), IsEmpty());
  event.headers = {{"a", "1"}, {"a", "2"}, {"b", ""}};
  EXPECT_THAT(headers(event), ElementsAre(Pair("a", "1"), Pair("a", "2"), Pair("b", "")));
}

TEST(RecordHeaders, AContentTypeIsOneWhenItIsKnown) {
  model::EventView event;
  event.data = "x";
  event.content_type = "text/plain";
  EXPECT_THAT(headers(event), ElementsAre(Pair("content-type", "text/plain")));
}

TEST(RecordHeaders, OfACloudEventInBinaryModeAreItsAttributes) {
  model::EventView event = event_with_attributes();
  event.headers = {{"own", "1"}};
  const Pairs found = headers(event);
  EXPECT_THAT(found, testing::Contains(Pair("ce_specversion", "1.0")));
  EXPECT_THAT(found, testing::Contains(Pair("ce_id", "7")));
  EXPECT_THAT(found, testing::Contains(Pair("ce_source", "/s")));
  EXPECT_THAT(found, testing::Contains(Pair("ce_type", "t")));
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found.back(), Pair("own", "1")) << "behind what the record cannot say otherwise";
}

TEST(RecordHeaders, InStructuredModeTheValueSaysIt) {
  model::EventView event = event_with_attributes();
  event.headers = {{"own", "1"}};
  const Pairs found = headers(event, ContentMode::structured);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.front().first, "content-type");
  EXPECT_THAT(found.front().second, testing::StartsWith("application/cloudevents+json"));
  EXPECT_THAT(found.back(), Pair("own", "1"));
}

// As they are in the topic.
struct Written : testing::Test {
  test::MockCluster cluster;
  TopicOptions topic = cluster.topic("t", 2);
  PollLoop loop;

  Written() { loop.start(); }
  ~Written() override { loop.stop(); }

  void send(const model::EventView& event, Sending how = {}) {
    auto producer = *Producer::create(topic, loop);
    std::promise<std::size_t> refused;
    producer->send(
        batch_of(event), [&](std::vector<Refused> answer) { refused.set_value(answer.size()); },
        std::move(how));
    EXPECT_EQ(refused.get_future().get(), 0U);
  }
};

TEST_F(Written, AnEventWithoutDataIsATombstone) {
  model::EventView event;
  event.key = "k";
  event.has_key = true;
  event.has_data = false;
  send(event, {.partition = PartitionId{1}});
  const auto records = cluster.read("t", 1);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].key, "k");
  EXPECT_FALSE(records[0].value);
}

TEST_F(Written, EmptyDataAndAnEmptyKeyAreNotNull) {
  model::EventView event;
  event.has_key = true;
  event.has_data = true;
  send(event, {.partition = PartitionId{0}});
  const auto records = cluster.read("t", 0);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].key, "");
  EXPECT_EQ(records[0].value, "");
}

}  // namespace
}  // namespace pelton::kafka
