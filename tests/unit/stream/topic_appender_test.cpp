// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_appender.h"

#include "engine/model/batch_builder.h"
#include "engine/store/ledger.h"
#include "engine/stream/topic/topic_producers.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"

#include <gmock/gmock.h>

#include <future>

namespace pelton::stream {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::size_t kOnTheirWay = 3000;  // bytes on their way

struct Appending : store::StoreFixture {
  test::MockCluster cluster;
  kafka::PollLoop loop;
  TopicProducers producers{loop};
  config::Stream orders;

  Appending() {
    open();
    orders.name = "orders";
    orders.kafka = config::Topic{cluster.topic("orders"), "orders", {}};
    loop.start();
  }
  void TearDown() override {
    loop.stop();
    StoreFixture::TearDown();
  }

  std::shared_ptr<kafka::Producer> producer() { return *producers.of(orders); }
  static model::BatchPtr batch(std::initializer_list<std::string> values) {
    model::BatchBuilder builder;
    for (const std::string& value : values) {
      model::EventView event;
      event.data = value;
      event.has_data = true;
      builder.add(event);
    }
    return builder.finish();
  }
  // Taken or not, and then what became of it.
  struct Answer {
    Status taken;
    std::future<Status> done;
  };
  static Answer append(TopicAppender& to, model::BatchPtr events,
                       std::chrono::milliseconds patience = 0ms) {
    auto promise = std::make_shared<std::promise<Status>>();
    auto done = promise->get_future();
    auto taken = to.append(
        std::move(events), {{"under_test", "position", "7"}},
        [promise](Status status) { promise->set_value(std::move(status)); },
        std::chrono::steady_clock::now() + patience);
    return {std::move(taken), std::move(done)};
  }
};

TEST_F(Appending, DoneMeansThatTheTopicHasTheEvents) {
  TopicAppender appender(producer(), *store, kOnTheirWay);
  auto answer = append(appender, batch({"a", "b"}));
  ASSERT_TRUE(answer.taken);
  EXPECT_TRUE(answer.done.get());
  EXPECT_EQ(cluster.read("orders").size(), 2U);
}

TEST_F(Appending, APositionIsDurableOnceTheTopicHasTheEvents) {
  TopicAppender appender(producer(), *store, kOnTheirWay);
  cluster.fail(test::Api::produce, {10, 10});  // MSG_SIZE_TOO_LARGE
  EXPECT_FALSE(append(appender, batch({"a"})).done.get());
  EXPECT_EQ(*store->ledger().get("under_test", "position"), std::nullopt);
  EXPECT_TRUE(append(appender, batch({"a"})).done.get());
  EXPECT_EQ(*store->ledger().get("under_test", "position"), "7");
}

TEST_F(Appending, WhatIsOnItsWayIsBounded) {
  TopicAppender appender(producer(), *store, kOnTheirWay);
  cluster.set_down(true);
  auto first = append(appender, batch({std::string(2000, 'x')}));
  ASSERT_TRUE(first.taken);
  const auto second = append(appender, batch({std::string(2000, 'y')}), 20ms);
  ASSERT_FALSE(second.taken);
  EXPECT_EQ(second.taken.error().kind, ErrorKind::overloaded);
  cluster.set_down(false);
  EXPECT_TRUE(first.done.get());
  auto third = append(appender, batch({std::string(2000, 'y')}), 10s);
  ASSERT_TRUE(third.taken) << "there is room again";
  EXPECT_TRUE(third.done.get());
  EXPECT_EQ(cluster.read("orders").size(), 2U) << "nothing of what was refused";
}

TEST_F(Appending, ABatchThatIsLargerThanAllTheRoomGoesAlone) {
  TopicAppender appender(producer(), *store, kOnTheirWay);
  auto answer = append(appender, batch({std::string(3 * kOnTheirWay, 'x')}));
  ASSERT_TRUE(answer.taken);
  EXPECT_TRUE(answer.done.get());
}

TEST_F(Appending, WhatTheTopicRefusesIsSaid) {
  cluster.fail(test::Api::produce, {10, 10});  // MSG_SIZE_TOO_LARGE, also when it is sent alone
  TopicAppender appender(producer(), *store, kOnTheirWay);
  auto answer = append(appender, batch({"a"}));
  ASSERT_TRUE(answer.taken);
  const Status done = answer.done.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::invalid);
  EXPECT_THAT(done.error().message, HasSubstr("1 of 1 events were refused"));
}

TEST_F(Appending, AnAnswerFindsItsWayWhenTheAppenderHasGone) {
  auto appender = std::make_unique<TopicAppender>(producer(), *store, kOnTheirWay);
  const auto keeps_the_client = producer();
  auto answer = append(*appender, batch({"a"}));
  appender.reset();
  EXPECT_TRUE(answer.done.get());
}

TEST_F(Appending, ATopicHasOneProducerAsLongAsSomebodyUsesIt) {
  auto one = producer();
  EXPECT_EQ(one, producer());
  std::weak_ptr<kafka::Producer> gone = one;
  one.reset();
  EXPECT_TRUE(gone.expired());
  EXPECT_NE(producer(), nullptr) << "and another one later";
}

}  // namespace
}  // namespace pelton::stream
