// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/handles.h"
#include "engine/kafka/produce/producer.h"
#include "engine/model/batch_builder.h"
#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

#include <future>
#include <set>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using test::Api;
using testing::ElementsAre;
using testing::IsEmpty;

// How a batch is sent: topic "out" of three partitions.
class SendingTest : public testing::Test {
 protected:
  void make(Behind behind = Behind::fast, TopicFault fault = TopicFault::wait) {
    auto topic = brokers.topic("out", 3);
    topic.client.properties.push_back({"linger.ms", "100", {}});
    auto made = Producer::create(topic, loop, behind, fault);
    ASSERT_TRUE(made) << made.error().text();
    producer = std::move(*made);
    loop.start();
  }
  void TearDown() override { loop.stop(); }

  static model::BatchPtr batch(std::initializer_list<std::pair<const char*, const char*>> events) {
    model::BatchBuilder builder;
    for (const auto& [key, value] : events) {
      model::EventView event;
      event.key = key;
      event.has_key = true;
      event.data = value;
      event.has_data = true;
      builder.add(event);
    }
    return builder.finish();
  }
  std::vector<Refused> send(model::BatchPtr events, Sending how = {}) {
    std::promise<std::vector<Refused>> answer;
    producer->send(
        std::move(events), [&](auto refused) { answer.set_value(std::move(refused)); },
        std::move(how));
    return answer.get_future().get();
  }
  std::vector<std::string> values(int partition) {
    std::vector<std::string> out;
    for (const auto& record : brokers.read("out", partition))
      out.push_back(record.value.value_or("null"));
    return out;
  }

  test::MockCluster brokers;
  PollLoop loop;
  std::unique_ptr<Producer> producer;
};

TEST_F(SendingTest, OneKeyIsOnePartition) {
  make();
  EXPECT_THAT(send(batch({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", "4"}})), IsEmpty());
  std::set<int> with_a;
  for (int partition = 0; partition < 3; ++partition)
    for (const auto& record : brokers.read("out", partition))
      if (record.key == "a") with_a.insert(partition);
  EXPECT_EQ(with_a.size(), 1U);
}

TEST_F(SendingTest, AChosenPartitionTakesAllWhateverTheirKeys) {
  make();
  Sending how;
  how.partition = PartitionId{2};
  EXPECT_THAT(send(batch({{"a", "1"}, {"b", "2"}, {"c", "3"}}), std::move(how)), IsEmpty());
  EXPECT_THAT(values(2), ElementsAre("1", "2", "3"));
}

TEST_F(SendingTest, PlacesAreThoseInTheTopicByEvent) {
  make();
  Sending how;
  how.partition = PartitionId{1};
  how.places = std::make_shared<std::vector<RecordPlace>>();
  const auto places = how.places;
  EXPECT_THAT(send(batch({{"a", "1"}, {"a", "2"}}), std::move(how)), IsEmpty());
  ASSERT_EQ(places->size(), 2U);
  EXPECT_EQ((*places)[0].partition, PartitionId{1});
  EXPECT_EQ((*places)[0].offset, 0);
  EXPECT_EQ((*places)[1].offset, 1);
}

TEST_F(SendingTest, WhatIsRefusedHasNoPlace) {
  make();
  brokers.fail(Api::produce, {10, 10, 10});  // MESSAGE_TOO_LARGE
  Sending how;
  how.partition = PartitionId{0};
  how.places = std::make_shared<std::vector<RecordPlace>>();
  const auto places = how.places;
  const auto refused = send(batch({{"a", "1"}}), std::move(how));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().index, 0U);
  EXPECT_EQ(refused.front().error.kind, ErrorKind::invalid);
  EXPECT_EQ(refused.front().error.code, "E6106");
  EXPECT_EQ(places->front().offset, -1);
  brokers.heal(Api::produce);
}

TEST_F(SendingTest, ARequestThatIsRefusedIsTakenApart) {
  make();
  brokers.fail(Api::produce, {10});
  Sending how;
  how.partition = PartitionId{0};
  EXPECT_THAT(send(batch({{"a", "1"}, {"a", "2"}, {"a", "3"}}), std::move(how)), IsEmpty());
  EXPECT_THAT(values(0), ElementsAre("1", "2", "3"));
}

TEST_F(SendingTest, BatchesGoInTheirOrder) {
  make();
  std::promise<void> last;
  std::vector<int> answered;
  for (int i = 0; i < 5; ++i) {
    Sending how;
    how.partition = PartitionId{0};
    producer->send(
        batch({{"a", std::to_string(i).c_str()}}),
        [&, i](const auto&) {
          answered.push_back(i);
          if (i == 4) last.set_value();
        },
        std::move(how));
  }
  last.get_future().wait();
  EXPECT_THAT(values(0), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_THAT(answered, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(SendingTest, RawRecordsKeepTheirBytes) {
  make();
  RawRecord raw;
  raw.key = std::string("k\0k", 3);
  raw.value = std::string("\xff\xfe", 2);
  std::promise<std::vector<Refused>> answer;
  std::vector<RawRecord> records;
  records.push_back(raw);
  records.push_back({});  // neither key nor value
  producer->send(std::move(records), [&](auto refused) { answer.set_value(std::move(refused)); });
  EXPECT_THAT(answer.get_future().get(), IsEmpty());
  std::vector<test::MockCluster::Record> all;
  for (int partition = 0; partition < 3; ++partition)
    for (auto& record : brokers.read("out", partition)) all.push_back(record);
  ASSERT_EQ(all.size(), 2U);
  const bool first = all[0].value.has_value();
  EXPECT_EQ(all[first ? 0 : 1].key, raw.key);
  EXPECT_EQ(all[first ? 0 : 1].value, raw.value);
  EXPECT_FALSE(all[first ? 1 : 0].value);
}

TEST_F(SendingTest, AWriterWhoWaitsForAnAnswerIsToldThatTheTopicTakesNone) {
  make(Behind::fast, TopicFault::refuse);
  brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  Sending how;
  how.partition = PartitionId{0};
  const auto refused = send(batch({{"a", "1"}}), std::move(how));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().name, "TOPIC_AUTHORIZATION_FAILED");
}

}  // namespace
}  // namespace pelton::kafka
