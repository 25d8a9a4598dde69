// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/producer.h"

#include "engine/kafka/client/handles.h"
#include "engine/model/batch_builder.h"
#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

#include <future>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using test::Api;
using testing::ElementsAre;
using testing::IsEmpty;

struct ProducerTest : testing::TestWithParam<Behind> {
  test::MockCluster brokers;
  PollLoop loop;
  std::unique_ptr<Producer> producer;

  void SetUp() override {
    auto topic = brokers.topic("out");
    // What is sent at once is one request.
    topic.client.properties.push_back({"linger.ms", "100", {}});
    auto made = Producer::create(topic, loop, GetParam());
    ASSERT_TRUE(made) << made.error().text();
    producer = std::move(*made);
    loop.start();
  }
  void TearDown() override { loop.stop(); }

  static model::BatchPtr batch(int count) {
    model::BatchBuilder builder;
    for (int i = 0; i < count; ++i) {
      const std::string value = std::to_string(i);
      model::EventView event;
      event.data = value;
      event.has_data = true;
      builder.add(event);
    }
    return builder.finish();
  }
  std::vector<Refused> send(int count) {
    std::promise<std::vector<Refused>> answer;
    producer->send(batch(count), [&](auto refused) { answer.set_value(std::move(refused)); });
    return answer.get_future().get();
  }
  std::vector<std::string> values() {
    std::vector<std::string> out;
    for (const auto& record : brokers.read("out")) out.push_back(record.value.value_or("null"));
    return out;
  }
  static std::vector<std::uint32_t> indices(const std::vector<Refused>& refused) {
    std::vector<std::uint32_t> out;
    for (const Refused& one : refused) out.push_back(one.index);
    return out;
  }
};

TEST_P(ProducerTest, ItGoesAtOnceThoughTheBrokersAreAway) {
  EXPECT_THAT(send(1), IsEmpty());
  brokers.set_down(true);
  bool answered = false;
  producer->send(batch(1), [&](const auto&) { answered = true; });
  loop.run([] {});
  const auto begun = std::chrono::steady_clock::now();
  producer.reset();
  loop.run([] {});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s) << "nor is its loop held up";
  loop.stop();
  EXPECT_FALSE(answered);
}

INSTANTIATE_TEST_SUITE_P(Both, ProducerTest, testing::Values(Behind::fast, Behind::strict),
                         [](const auto& each) {
                           return each.param == Behind::fast ? "fast" : "strict";
                         });

TEST_P(ProducerTest, AllIsAnsweredOnceItIsInTheTopic) {
  EXPECT_THAT(send(3), IsEmpty());
  EXPECT_THAT(values(), ElementsAre("0", "1", "2"));
  EXPECT_EQ(producer->trouble(), "");
}

// The request, its first half, its second half, and that one's halves.
TEST_P(ProducerTest, ARefusedRequestIsHalvedUntilTheCulpritIsAlone) {
  brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_INVALID_RECORD, 0, RD_KAFKA_RESP_ERR_INVALID_RECORD,
                              0, RD_KAFKA_RESP_ERR_INVALID_RECORD});
  const auto refused = send(4);
  EXPECT_THAT(indices(refused), ElementsAre(3));
  EXPECT_THAT(values(), ElementsAre("0", "1", "2"));
  ASSERT_FALSE(refused.empty());
  EXPECT_EQ(refused[0].error.kind, ErrorKind::invalid);
  EXPECT_EQ(refused[0].error.code, "E6106");
  EXPECT_EQ(refused[0].name, "INVALID_RECORD");
}

TEST_P(ProducerTest, ARecordThatIsTooLargeForTheTopicTakesNoneWithIt) {
  brokers.fail(Api::produce,
               {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  EXPECT_THAT(indices(send(2)), ElementsAre(0));
  EXPECT_THAT(values(), ElementsAre("1"));
}

TEST_P(ProducerTest, ARequestThatWasOnlyTooLargeAsAWholeLosesNothing) {
  brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  EXPECT_THAT(send(5), IsEmpty());
  EXPECT_THAT(values(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST_P(ProducerTest, RecordsWaitForATopicThatTakesNone) {
  brokers.fail(Api::produce,
               {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
                RD_KAFKA_RESP_ERR_POLICY_VIOLATION});
  EXPECT_THAT(send(50), IsEmpty());
  EXPECT_EQ(producer->trouble(), "") << "over";
  std::vector<std::string> all;
  for (int i = 0; i < 50; ++i) all.push_back(std::to_string(i));
  EXPECT_EQ(values(), all);
}

TEST_P(ProducerTest, SaysWhyATopicTakesNone) {
  for (int i = 0; i < 4; ++i)
    brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  std::promise<std::vector<Refused>> answer;
  producer->send(batch(3), [&](auto refused) { answer.set_value(std::move(refused)); });
  auto future = answer.get_future();
  // A strict client ends with it first.
  while (producer->trouble().find("E6110") == std::string::npos &&
         future.wait_for(5ms) != std::future_status::ready) {
  }
  EXPECT_THAT(producer->trouble(), testing::HasSubstr("E6110: the topic out takes no records"));
  EXPECT_THAT(future.get(), IsEmpty());
}

// The client itself says nothing of it, and tries again up to ten times a second.
TEST_P(ProducerTest, SaysThatNothingIsAcknowledged) {
  for (int i = 0; i < 1000; ++i)
    brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  std::promise<std::vector<Refused>> answer;
  producer->send(batch(3), [&](auto refused) { answer.set_value(std::move(refused)); });
  auto future = answer.get_future();
  while (producer->trouble().empty() && future.wait_for(5ms) != std::future_status::ready) {
  }
  EXPECT_THAT(producer->trouble(), testing::HasSubstr("min.insync.replicas"));
  brokers.heal(Api::produce);
  EXPECT_THAT(future.get(), IsEmpty());
  EXPECT_THAT(values(), ElementsAre("0", "1", "2"));
}

TEST_P(ProducerTest, WhoeverWantsAnAnswerHasItsRecordsRefused) {
  auto made = Producer::create(brokers.topic("asked"), loop, GetParam(), TopicFault::refuse);
  ASSERT_TRUE(made);
  brokers.fail(Api::produce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  std::promise<std::vector<Refused>> answer;
  (*made)->send(batch(1), [&](auto refused) { answer.set_value(std::move(refused)); });
  const auto refused = answer.get_future().get();
  EXPECT_THAT(indices(refused), ElementsAre(0));
  loop.stop();
}

TEST_P(ProducerTest, RecordsWaitForBrokersThatAreAway) {
  brokers.set_down(true);
  std::promise<std::vector<Refused>> answer;
  producer->send(batch(1), [&](auto refused) { answer.set_value(std::move(refused)); });
  auto future = answer.get_future();
  brokers.set_down(false);
  EXPECT_THAT(future.get(), IsEmpty());
  EXPECT_THAT(values(), ElementsAre("0"));
}

}  // namespace
}  // namespace pelton::kafka
