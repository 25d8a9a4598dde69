// SPDX-License-Identifier: Apache-2.0
// A partition is let go: drained first, or at once.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

class Handover : public DispatcherTest {
 protected:
  static constexpr PartitionId kPartition{0};

  Handover() { limits.events = 1; }
  void drain() { dispatcher().drain(kPartition); }
  bool idle() { return dispatcher().idle(kPartition); }
};

TEST_F(Handover, ADrainingPartitionGivesNoFrames) {
  offer("a b");
  pull();
  drain();
  EXPECT_FALSE(dispatcher().has_work(now));
  EXPECT_EQ(pull(), "");
}

TEST_F(Handover, ADrainingPartitionWantsNothing) {
  offer("a");
  drain();
  EXPECT_EQ(dispatcher().wants(kPartition).events, 0U);
  EXPECT_EQ(dispatcher().wants(kPartition).from, 1);
}

TEST_F(Handover, OtherPartitionsGoOn) {
  partitions = 2;
  offer("a", 0);
  offer("b", 1);
  drain();
  EXPECT_EQ(pull(), "b0");
  EXPECT_EQ(dispatcher().wants(PartitionId{1}).from, 1);
  EXPECT_GT(dispatcher().wants(PartitionId{1}).events, 0U);
}

TEST_F(Handover, WhatIsInFlightStillSettles) {
  offer("a b");
  pull();
  drain();
  EXPECT_FALSE(idle());
  done();
  EXPECT_EQ(cursor(), "1");
  EXPECT_TRUE(idle());
}

TEST_F(Handover, IsNotOverWhileACommitIsOnItsWay) {
  offer("a");
  pull();
  drain();
  hold_commits();
  done();
  EXPECT_FALSE(idle());
  release_commits();
  EXPECT_TRUE(idle());
}

TEST_F(Handover, WaitsForRetriesToBeStored) {
  offer("a");
  pull();
  drain();
  hold_commits();
  fail({0});
  EXPECT_FALSE(idle());
  release_commits();
  EXPECT_TRUE(idle());
  EXPECT_EQ(counts().retrying, 1U);
}

TEST_F(Handover, OfOnePartitionDoesNotWaitForAnother) {
  partitions = 2;
  offer("a", 0);
  offer("b", 1);
  pull();
  pull();
  drain();
  const PartitionId other{frame().partition.value};
  lose(1, {}, "engine");
  EXPECT_TRUE(idle());
  EXPECT_NE(pull(), "");
  EXPECT_EQ(frame().partition, PartitionId{1});
  EXPECT_TRUE(idle());
  EXPECT_FALSE(dispatcher().idle(PartitionId{1}));
  EXPECT_FALSE(dispatcher().idle());
}

TEST_F(Handover, ARetryThatFallsDueIsNotTriedWhileDraining) {
  offer("a");
  pull();
  drain();
  fail({0});
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(), "");
  EXPECT_FALSE(dispatcher().next_due());
}

TEST_F(Handover, ABatchWindowIsNotWaitedFor) {
  options.delivery.batch.wait = std::chrono::seconds(1);
  options.delivery.batch.events = 10;
  offer("a");
  EXPECT_TRUE(dispatcher().next_due());
  drain();
  EXPECT_FALSE(dispatcher().next_due());
}

TEST_F(Handover, IdleCountsTheCommitsOfAnEarlierAssignment) {
  offer("a");
  pull();
  hold_commits();
  done();
  dispatcher().revoke(kPartition);
  EXPECT_FALSE(idle());
  dispatcher().assign(kPartition, {});
  EXPECT_FALSE(idle());
  release_commits();
  EXPECT_TRUE(idle());
}

TEST_F(Handover, EndsWithTheRevoke) {
  offer("a");
  drain();
  dispatcher().revoke(kPartition);
  dispatcher().assign(kPartition, {});
  EXPECT_GT(dispatcher().wants(kPartition).events, 0U);
}

// More ranges than are stored close the window, but not to what lies between them.
TEST_F(Handover, ManyRestoredRangesDoNotCloseTheWindowForGood) {
  model::Restored restored;
  constexpr Offset kRanges = 20'001;
  for (Offset i = 0; i < kRanges; ++i)
    restored.progress.completed.push_back({2 * i + 1, 2 * i + 2});
  dispatcher().revoke(kPartition);
  dispatcher().assign(kPartition, restored);
  EXPECT_GT(dispatcher().wants(kPartition).events, 0U);
  offer("a b c");
  limits.events = 10;
  EXPECT_EQ(pull(), "a0 c2");
}

TEST_F(Handover, OfAnUnknownPartitionIsNothing) {
  dispatcher().drain(PartitionId{9});
  EXPECT_TRUE(dispatcher().idle(PartitionId{9}));
}

TEST_F(Handover, AReplayGoesOn) {
  options.delivery.retry.attempts = 1;
  offer("a");
  pull();
  fail({0}, model::OutcomeCode::fail);
  const model::DeadLetter dead = letter(0);
  drain();
  ASSERT_TRUE(replay(dead));
  EXPECT_EQ(pull(), "a0");
  EXPECT_TRUE(idle());
  done();
  EXPECT_TRUE(letters().empty());
}

}  // namespace
}  // namespace pelton::dispatch
