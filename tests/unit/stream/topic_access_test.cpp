// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_access.h"

#include "engine/model/batch_builder.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/unit/store/store_fixture.h"

#include <gmock/gmock.h>

#include <future>

namespace pelton::stream {
namespace {

using ::testing::HasSubstr;
using Produced = Result<std::vector<Produced>>;

constexpr std::size_t kMost = 2000;  // bytes on their way

// A topic "orders" as stream "s", and the way that the admin API has to it.
class TopicAccessTest : public store::StoreFixture {
 protected:
  void SetUp() override {
    stream.partitions = 0;
    stream.topic = "orders";
    open();
    shard = std::make_unique<Shard>(*store, memory, clock);
    access = std::make_unique<TopicAccess>(loop, *shard, kMost);
    config::Stream& named = streams.emplace_back();
    named.name = "s";
    named.kafka = config::Topic{cluster.topic("orders"), "orders", {}};
    access->set(streams, *store);
    loop.start();
    shard->start();
  }
  void TearDown() override {
    access.reset();
    loop.stop();
    shard->stop();
    StoreFixture::TearDown();
  }

  std::future<Produced> produce(const std::string& data) {
    auto answer = std::make_shared<std::promise<Produced>>();
    auto future = answer->get_future();
    access->produce("s", batch({data}), std::nullopt,
                    [answer](Produced produced) { answer->set_value(std::move(produced)); });
    return future;
  }
  std::size_t records() { return cluster.read("orders").size(); }

  test::MockCluster cluster;
  SystemClock clock;
  MemoryBudget memory{256U << 20};
  kafka::PollLoop loop;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<TopicAccess> access;
  std::vector<config::Stream> streams;
};

TEST_F(TopicAccessTest, EventsAreAnsweredOnceTheTopicHasThem) {
  const Produced produced = produce("a").get();
  ASSERT_TRUE(produced) << produced.error().text();
  ASSERT_EQ(produced->size(), 1U);
  EXPECT_EQ(produced->front().count, 1U);
  EXPECT_EQ(records(), 1U);
}

// A producer sends such a request again, and must not send anything twice by that.
TEST_F(TopicAccessTest, OfARequestThatIsOverloadedNothingIsInTheTopic) {
  cluster.set_down(true);
  auto taken = produce(std::string(1500, 'x'));
  const Produced refused = produce(std::string(1500, 'y')).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_EQ(refused.error().code, "E5009");
  cluster.set_down(false);
  ASSERT_TRUE(taken.get());
  EXPECT_EQ(records(), 1U);
  ASSERT_TRUE(produce(std::string(1500, 'y')).get()) << "there is room again";
  EXPECT_EQ(records(), 2U);
}

TEST_F(TopicAccessTest, ASingleRequestAlwaysGoes) {
  EXPECT_TRUE(produce(std::string(2 * kMost, 'x')).get());
}

TEST_F(TopicAccessTest, AStreamThatWasRemovedIsNotThere) {
  access->set({}, *store);
  EXPECT_FALSE(access->has("s"));
  const Produced produced = produce("a").get();
  ASSERT_FALSE(produced);
  EXPECT_THAT(produced.error().message, HasSubstr("was removed"));
  EXPECT_FALSE(access->reader("s"));
}

TEST_F(TopicAccessTest, AChangedStreamIsWrittenToWhereItIsNow) {
  ASSERT_TRUE(produce("a").get());
  streams.front().kafka = config::Topic{cluster.topic("later"), "later", {}};
  access->set(streams, *store);
  ASSERT_TRUE(produce("b").get());
  EXPECT_EQ(records(), 1U);
  EXPECT_EQ(cluster.read("later").size(), 1U);
}

}  // namespace
}  // namespace pelton::stream
