// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/handles.h"
#include "tests/unit/kafka/group_fixture.h"

#include <gmock/gmock.h>

namespace pelton::kafka {
namespace {

using test::Api;
using testing::ElementsAre;
using testing::HasSubstr;

// A member that has partition 0 of "orders".
class OffsetCommitsTest : public GroupTest {
 protected:
  void SetUp() override {
    join();
    ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  }
  Status commit(std::uint64_t id, Offset offset, const std::string& metadata = "") {
    consumer->commit(id, {{kP, offset, metadata}});
    EXPECT_TRUE(until([&] { return member.commits.contains(id); }));
    std::lock_guard lock(member.mutex);
    return member.commits[id];
  }
  std::int64_t committed() { return cluster.committed("billing", "orders"); }
  Result<GroupMetadata> membership(std::vector<Consumer::Tenure> tenures) {
    std::optional<Result<GroupMetadata>> answer;
    consumer->membership(std::move(tenures),
                         [&](Result<GroupMetadata> told) { answer = std::move(told); });
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return std::move(*answer);
  }
};

TEST_F(OffsetCommitsTest, EachIsAnsweredByItsNumber) {
  EXPECT_TRUE(commit(1, 3));
  EXPECT_TRUE(commit(2, 5));
  EXPECT_EQ(committed(), 5);
}

TEST_F(OffsetCommitsTest, OneThatTheGroupRefusesSaysWhyAndTheNextMayPass) {
  cluster.fail(Api::offset_commit, {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED});
  const Status refused = commit(1, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_EQ(refused.error().code, "E6111");
  EXPECT_THAT(refused.error().message, HasSubstr("GROUP_AUTHORIZATION_FAILED"));
  EXPECT_EQ(committed(), -1);
  EXPECT_TRUE(commit(2, 3));
  EXPECT_EQ(committed(), 3);
}

// It is no failure of the commit: with less text the same offset is taken.
TEST_F(OffsetCommitsTest, MetadataThatIsTooLongIsToldApart) {
  cluster.fail(Api::offset_commit, {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE});
  consumer->commit(1, {{kP, 3, "much text"}});
  ASSERT_TRUE(until([&] { return !member.too_long.empty(); }));
  EXPECT_THAT(member.too_long, ElementsAre(1U));
  EXPECT_FALSE(member.commits.contains(1));
  EXPECT_TRUE(commit(2, 3, "less"));
}

TEST_F(OffsetCommitsTest, AMembershipIsOfTenuresThatLast) {
  EXPECT_TRUE(membership({{kP, member.tenures[kP]}}));
  const auto old = membership({{kP, member.tenures[kP] + 1}});
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(membership({{PartitionId{7}, 1}})) << "a partition of somebody else";
}

TEST_F(OffsetCommitsTest, OneWithoutAnyOfOurPartitionsIsAnswered) {
  consumer->commit(9, {{PartitionId{7}, 4, ""}});
  EXPECT_TRUE(until([&] { return member.commits.contains(9); }));
  EXPECT_EQ(cluster.committed("billing", "orders", 0), -1);
}

// ---- questions about the group

class GroupLookupTest : public GroupTest {};

TEST_F(GroupLookupTest, AMemberBeginsOnceTheCoordinatorHasAnswered) {
  cluster.produce_all("orders", 0, {{"k", "a"}, {"k", "b"}});
  cluster.fail(Api::offset_fetch, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                   RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  join();
  ASSERT_TRUE(until([&] { return member.values.size() == 2; }));
  EXPECT_THAT(values(), ElementsAre("0=a", "1=b"));
}

TEST_F(GroupLookupTest, WhileAPartitionHasNoLeaderTheMemberSaysThatItWaitsAndWhenThatIsOver) {
  cluster.set_leader("orders", 0, false);
  join();
  ASSERT_TRUE(until([&] { return !member.waits.empty(); }));
  EXPECT_THAT(member.waits.front(), HasSubstr("partition 0"));
  EXPECT_FALSE(member.tenures.contains(kP));
  cluster.set_leader("orders", 0, true);
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  EXPECT_TRUE(until([&] { return member.waits.back().empty(); }));
}

TEST_F(GroupLookupTest, APartitionThatIsAskedForAgainBeginsAnew) {
  cluster.produce("orders", 0, {"k", "a"});
  join();
  ASSERT_TRUE(until([&] { return member.values.size() == 1; }));
  consumer->read_again(kP);
  ASSERT_TRUE(until([&] { return member.values.size() == 2; }));
  EXPECT_THAT(values(), ElementsAre("0=a", "0=a"));
  EXPECT_EQ(member.tenures[kP], 2U);
}

TEST_F(GroupLookupTest, AnAnswerComesOnTheLoopsThread) {
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  std::optional<std::thread::id> answered, loops;
  consumer->ask({kP}, std::nullopt,
                [&](const GroupFacts&) { answered = std::this_thread::get_id(); });
  ASSERT_TRUE(until([&] { return answered.has_value(); }));
  loop.run([&] { loops = std::this_thread::get_id(); });
  EXPECT_EQ(answered, loops);
}

TEST_F(GroupLookupTest, WhatTheBrokersKnowOfATimeIsAnsweredToo) {
  cluster.produce_all("orders", 0, {{"k", "a"}, {"k", "b"}});
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  std::optional<GroupFacts> told;
  consumer->ask({kP}, SystemClock().now() + std::chrono::hours(1),
                [&](GroupFacts facts) { told = std::move(facts); });
  ASSERT_TRUE(until([&] { return told.has_value(); }));
  ASSERT_EQ(told->facts.size(), 1U);
  EXPECT_EQ(told->facts.front().end, 2);
  EXPECT_EQ(told->facts.front().at_time, 2) << "nothing is that young";
}

TEST_F(GroupLookupTest, WhatTheGroupHasCommittedComesWithThePartition) {
  cluster.produce_all("orders", 0, {{"k", "a"}, {"k", "b"}, {"k", "c"}});
  cluster.commit("billing", "orders", 0, 2, "somebody's text");
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  std::optional<GroupFacts> told;
  consumer->ask({kP}, std::nullopt, [&](GroupFacts facts) { told = std::move(facts); });
  ASSERT_TRUE(until([&] { return told.has_value(); }));
  ASSERT_EQ(told->facts.size(), 1U);
  const PartitionFacts& fact = told->facts.front();
  EXPECT_EQ(fact.committed, 2);
  EXPECT_EQ(fact.metadata, "somebody's text");
  EXPECT_EQ(fact.earliest, 0);
  EXPECT_EQ(fact.end, 3);
  EXPECT_FALSE(fact.added) << "the group began with it";
  EXPECT_EQ(told->partitions, 1U);
  EXPECT_NE(told->cluster, "");
}

TEST_F(GroupLookupTest, APartitionThatTheTopicDoesNotHaveIsSilent) {
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  std::optional<GroupFacts> told;
  consumer->ask({PartitionId{7}}, std::nullopt, [&](GroupFacts facts) { told = std::move(facts); });
  ASSERT_TRUE(until([&] { return told.has_value(); }));
  EXPECT_TRUE(told->facts.empty());
  EXPECT_THAT(told->silent, ElementsAre(PartitionId{7}));
  ASSERT_TRUE(told->error);
}

}  // namespace
}  // namespace pelton::kafka
