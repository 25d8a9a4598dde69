// SPDX-License-Identifier: Apache-2.0
#include "engine/base/memory_budget.h"

#include <gtest/gtest.h>

#include <vector>

namespace pelton {
namespace {

// Of 1,600 bytes, each use may always have 100.
class MemoryBudgetTest : public testing::Test {
 protected:
  MemoryBudgetTest() {
    budget.on_room([this] { ++rooms; });
  }
  MemoryClaim claim(MemoryUse use, std::uint64_t bytes) {
    MemoryClaim made(&budget, use);
    made.set(bytes);
    return made;
  }

  MemoryBudget budget{1600};
  int rooms = 0;
};

TEST_F(MemoryBudgetTest, OneMayHaveWhatNobodyElseHas) {
  auto unsettled = claim(MemoryUse::unsettled, 1099);
  EXPECT_TRUE(unsettled.may_grow()) << "the five others have 100 each in reserve";
  unsettled.set(1100);
  EXPECT_FALSE(unsettled.may_grow());
}

TEST_F(MemoryBudgetTest, NobodyIsStarvedByAnother) {
  auto unsettled = claim(MemoryUse::unsettled, 5000);
  auto outputs = claim(MemoryUse::outputs, 99);
  EXPECT_FALSE(unsettled.may_grow());
  EXPECT_TRUE(outputs.may_grow());
  outputs.set(100);
  EXPECT_FALSE(outputs.may_grow());
}

TEST_F(MemoryBudgetTest, KeysHaveTheirShareAndKeepNobodyFromTheirs) {
  auto unsettled = claim(MemoryUse::unsettled, 1099);
  EXPECT_TRUE(unsettled.may_grow()) << "nothing is set aside for them";
  auto keys = claim(MemoryUse::keys, 99);
  EXPECT_FALSE(unsettled.may_grow());
  EXPECT_TRUE(keys.may_grow());
  keys.set(100);
  EXPECT_FALSE(keys.may_grow());
}

TEST_F(MemoryBudgetTest, WhoHasNothingMayTakeOne) {
  auto full = claim(MemoryUse::unsettled, 5000);
  auto other = claim(MemoryUse::unsettled, 0);
  EXPECT_TRUE(other.may_grow());
  other.set(1);
  EXPECT_FALSE(other.may_grow());
}

TEST_F(MemoryBudgetTest, AClaimIsGivenBackWithItsHolder) {
  {
    auto first = claim(MemoryUse::kafka, 300);
    const MemoryClaim moved = std::move(first);
    EXPECT_EQ(budget.claimed(MemoryUse::kafka), 300U);
  }
  EXPECT_EQ(budget.claimed(MemoryUse::kafka), 0U);
}

TEST_F(MemoryBudgetTest, TheTailGivesWay) {
  EXPECT_EQ(budget.tail_limit(), 400U) << "a quarter at most";
  auto unsettled = claim(MemoryUse::unsettled, 1000);
  EXPECT_EQ(budget.tail_limit(), 200U);
  unsettled.set(5000);
  EXPECT_EQ(budget.tail_limit(), 100U);
  EXPECT_EQ(budget.claimed(MemoryUse::tail), 0U);
}

TEST_F(MemoryBudgetTest, TheTailTakesNoRoomFromOthers) {
  const auto tail = claim(MemoryUse::tail, 400);
  const auto unsettled = claim(MemoryUse::unsettled, 1000);
  EXPECT_TRUE(unsettled.may_grow());
}

TEST_F(MemoryBudgetTest, SaysWhenThereIsRoomToThoseWhoWereRefused) {
  auto first = claim(MemoryUse::unsettled, 600);
  auto second = claim(MemoryUse::unsettled, 600);
  first.set(100);
  EXPECT_EQ(rooms, 0) << "nobody asked";
  first.set(600);
  ASSERT_FALSE(second.may_grow());
  first.set(490);
  EXPECT_EQ(rooms, 0) << "not worth waking anybody";
  first.set(400);
  EXPECT_EQ(rooms, 1);
  first.set(0);
  EXPECT_EQ(rooms, 1) << "once";
}

TEST_F(MemoryBudgetTest, WithoutABudgetThereIsRoom) {
  MemoryClaim claim;
  claim.set(1U << 30);
  EXPECT_TRUE(claim.may_grow());
  EXPECT_EQ(claim.bytes(), 1U << 30);
}

TEST(DefaultMemory, IsWithinItsBounds) {
  EXPECT_GE(default_memory(), 2 * MemoryBudget::kLeast);
  EXPECT_LE(default_memory(), kMostDefaultMemory);
}

}  // namespace
}  // namespace pelton
