// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/commit_list.h"

#include <gtest/gtest.h>

namespace pelton::dispatch {
namespace {

constexpr PartitionId kFirst{1}, kSecond{2};

class CommitListTest : public ::testing::Test {
 protected:
  void settle(PartitionId partition, Offset cursor) {
    commits.add({partition, 1, cursor, 3}, {{}, {{}, partition}, {cursor, {}}});
  }
  void emit() { commits.emit(out); }

  CommitList commits{100, nullptr};
  Commits out;
};

TEST_F(CommitListTest, ACallThatChangesNothingMakesNone) {
  emit();
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(commits.empty());
}

TEST_F(CommitListTest, ACallIsOneCommit) {
  settle(kFirst, 5);
  settle(kSecond, 7);
  commits.transaction().dead_letters_removed.emplace_back();
  emit();
  emit();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out.front().transaction.progress.size(), 2U);
  EXPECT_TRUE(commits.transaction().empty());
}

TEST_F(CommitListTest, DurableOnesSayWhatTheyHold) {
  settle(kFirst, 5);
  commits.transaction().dead_letters_removed.emplace_back();
  commits.end_replay({BindingId{1}, kFirst, 4});
  emit();
  settle(kSecond, 7);
  emit();
  EXPECT_TRUE(commits.concern(kFirst));
  const auto first = commits.durable(out[0].token);
  ASSERT_EQ(first.parts.size(), 1U);
  EXPECT_EQ(first.parts.front().cursor, 5);
  EXPECT_EQ(first.parts.front().settled, 3U);
  EXPECT_EQ(first.replays_ended.size(), 1U);
  EXPECT_FALSE(commits.concern(kFirst));
  EXPECT_TRUE(commits.concern(kSecond));
  EXPECT_TRUE(commits.durable(out[1].token).replays_ended.empty());
  EXPECT_TRUE(commits.empty());
}

TEST_F(CommitListTest, APartitionWaitsForItsRetryAsWell) {
  commits.transaction().retries.push_back({{}, {{}, kFirst}, 9, {}});
  commits.add(kFirst);
  emit();
  EXPECT_TRUE(commits.concern(kFirst));
}

TEST_F(CommitListTest, HasNoRoomWhileTooMuchIsUnderWay) {
  settle(kFirst, 5);
  emit();
  ASSERT_LT(model::bytes_of(out[0].transaction), 100U);
  EXPECT_TRUE(commits.room());
  settle(kFirst, 6);
  emit();
  EXPECT_FALSE(commits.room());
  commits.durable(out[0].token);
  EXPECT_TRUE(commits.room());
}

TEST_F(CommitListTest, ClaimsTheMemoryOfWhatIsUnderWay) {
  MemoryBudget budget(MemoryBudget::kLeast);
  CommitList claiming(1U << 30, &budget);
  claiming.add({kFirst, 1, 5, 3}, {{}, {{}, kFirst}, {5, {}}});
  claiming.emit(out);
  EXPECT_EQ(budget.claimed(MemoryUse::outputs), model::bytes_of(out[0].transaction));
  claiming.durable(out[0].token);
  EXPECT_EQ(budget.claimed(MemoryUse::outputs), 0U);
}

TEST_F(CommitListTest, AnotherThanTheOldestCannotBeDurable) {
  settle(kFirst, 5);
  emit();
  EXPECT_DEATH(commits.durable(out[0].token + 1), "confirmed in their order");
}

}  // namespace
}  // namespace pelton::dispatch
