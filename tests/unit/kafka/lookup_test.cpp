// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/lookup.h"

#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/topic_id.h"
#include "engine/kafka/consume/partition_fetcher.h"
#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr PartitionId kP{0};
constexpr PartitionId kQ{1};
constexpr PartitionId kR{2};

// A client in no group, and a topic "t" of three partitions.
struct Lookup : testing::Test {
  test::MockCluster cluster;
  PartitionFetcher reader{cluster.topic("t", 3), Gone::error, PartitionFetcher::Pace::eager};
  rd_kafka_t* client = nullptr;

  void SetUp() override {
    ASSERT_TRUE(reader.open());
    client = reader.client();
    cluster.produce_all("t", 0, {{"k", "a"}, {"k", "b"}});
  }
};

TEST_F(Lookup, LeadersTellTheEndsOfTheirPartitions) {
  const auto answers = ask_leaders(client, "t", {kP, kQ}, std::nullopt, Patience(5s));
  ASSERT_EQ(answers.facts.size(), 2U);
  EXPECT_EQ(answers.partitions, 3U);
  EXPECT_FALSE(answers.error);
  for (const PartitionFacts& fact : answers.facts)
    EXPECT_EQ(fact.end, fact.partition == kP ? 2 : 0);
}

TEST_F(Lookup, ALeaderThatIsMissingHidesNoOtherPartition) {
  cluster.set_leader("t", 1, false);
  const auto answers = ask_leaders(client, "t", {kP, kQ, kR}, std::nullopt, Patience(5s));
  EXPECT_EQ(answers.facts.size(), 2U);
  EXPECT_THAT(answers.silent, ElementsAre(kQ));
  ASSERT_TRUE(answers.error);
  EXPECT_NE(answers.error->message.find("LEADER_NOT_AVAILABLE"), std::string::npos);
}

// The mock cluster has none; a search for it would last as long as it may.
TEST_F(Lookup, WithoutAControllerThereIsNoTopicId) {
  const auto begun = std::chrono::steady_clock::now();
  const auto id = topic_id(client, "t", Patience(5s));
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_EQ(*id, "");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(Lookup, AllEndsNeedAllLeaders) {
  cluster.set_leader("t", 1, false);
  EXPECT_FALSE(look_up_ends(client, "t", {kP, kQ}, std::nullopt, 200ms));
  cluster.set_leader("t", 1, true);
  const auto facts = look_up_ends(client, "t", {kQ, kP}, std::nullopt, Patience(5s));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->front().partition, kP) << "in their order";
}

TEST_F(Lookup, ExtentsAreThoseOfTheWholeTopic) {
  const auto extents = look_up_extents(client, "t", Patience(5s));
  ASSERT_TRUE(extents);
  ASSERT_EQ(extents->size(), 3U);
  EXPECT_EQ(extents->front().end, 2);
}

TEST_F(Lookup, ATopicHasItsPartitionsAndAClusterAName) {
  EXPECT_EQ(partition_count(client, "t", Patience(5s)), 3U);
  EXPECT_NE(cluster_id(client, Patience(5s)), "");
  EXPECT_TRUE(reach_brokers(client, Patience(5s)));
}

TEST_F(Lookup, BrokersThatAreAwayTellNothing) {
  cluster.set_down(true);
  EXPECT_FALSE(reach_brokers(client, 200ms));
  const auto answers = ask_leaders(client, "t", {kP, kQ}, std::nullopt, 200ms);
  EXPECT_THAT(answers.facts, IsEmpty());
  EXPECT_THAT(answers.silent, ElementsAre(kP, kQ));
  EXPECT_EQ(answers.partitions, 0U);
}

TEST_F(Lookup, ATopicThatIsNotForUsIsAnErrorOfItsOwn) {
  const Error error = to_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "asking");
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_EQ(error.code, "E6111");
  const Error away = to_error(RD_KAFKA_RESP_ERR__TRANSPORT, "asking");
  EXPECT_EQ(away.kind, ErrorKind::unavailable);
  EXPECT_EQ(away.code, "E6101");
}

TEST_F(Lookup, ATimeIsTheFirstOffsetAtOrAfterIt) {
  const auto later = ask_leaders(client, "t", {kP}, SystemClock().now() + 1h, Patience(5s));
  ASSERT_EQ(later.facts.size(), 1U);
  EXPECT_EQ(later.facts.front().at_time, 2) << "nothing is that young: the end";
}

TEST_F(Lookup, AllIsUnknownWhileTheCoordinatorDoesNotAnswer) {
  cluster.set_down(true);
  const auto answers = ask_committed_apart(client, "t", {kP, kQ, kR}, 200ms);
  EXPECT_THAT(answers.commits, IsEmpty());
  EXPECT_EQ(answers.unknown.size(), 3U) << "each is in one of both";
  ASSERT_TRUE(answers.error);
}

TEST_F(Lookup, NothingIsAskedOfNoPartitions) {
  const auto answers = ask_committed_apart(client, "t", {}, 200ms);
  EXPECT_THAT(answers.unknown, IsEmpty());
  EXPECT_FALSE(answers.error);
}

}  // namespace
}  // namespace pelton::kafka
