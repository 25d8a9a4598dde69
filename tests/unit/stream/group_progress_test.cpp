// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/group_progress.h"

#include "tests/unit/stream/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace pelton::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
constexpr PartitionId kQ{1};
constexpr std::uint64_t kNode = 7;
constexpr std::uint64_t kEpoch = 40;  // of the folder
constexpr std::uint64_t kFresh = 41;  // of a tenure that does not continue it
constexpr std::size_t kFitting = 2;   // ranges beside an offset
const Offset kEnd = 100;

using Ranges = std::vector<OffsetRange>;

// What the test reads: committed offsets by partition, settlements that are complete.
struct Group : ::testing::Test {
  GroupCommit commit_of(Offset offset, std::optional<kafka::CommitMetadata> metadata = {}) const {
    return {kP, offset, offset, std::move(metadata), kEnd};
  }
  GroupCommit own(Offset offset, Ranges completed = {}) const {
    return commit_of(offset, kafka::CommitMetadata{kNode, kEpoch, std::move(completed)});
  }
  LocalProgress folder(Offset settled, Ranges completed = {}, std::vector<Offset> retries = {}) {
    LocalProgress local{kEpoch, model::Progress{settled, std::move(completed)}, {}};
    for (const Offset offset : retries)
      local.retries.push_back({BindingId{1}, {StreamId{1}, kP}, offset, model::RetryState{}});
    return local;
  }
  PartitionStart decide(const GroupCommit& commit, const LocalProgress& local = {}) {
    return progress.decide(commit, local, kFresh);
  }
  void assign(PartitionId partition = kP, Offset offset = 0) {
    GroupCommit commit = own(offset);
    commit.partition = partition;
    progress.begin(progress.decide(commit, folder(offset), kFresh));
  }
  std::uint64_t settle(Offset settled, Ranges completed = {}, PartitionId partition = kP) {
    model::Transaction transaction;
    transaction.progress.push_back(
        {BindingId{1}, {StreamId{1}, partition}, {settled, std::move(completed)}});
    return progress.settle(transaction);
  }
  bool settle_and_store(Offset settled, Ranges completed = {}, PartitionId partition = kP) {
    return progress.stored(settle(settled, std::move(completed), partition));
  }
  std::vector<GroupPosition> take() {
    return progress.take_positions([](PartitionId) { return true; });
  }
  std::vector<Offset> offsets() {
    std::vector<Offset> all;
    for (const GroupPosition& position : take()) all.push_back(position.offset);
    return all;
  }
  std::vector<std::uint64_t> complete() {
    std::vector<std::uint64_t> numbers;
    while (auto next = progress.next_complete()) numbers.push_back(next->number);
    return numbers;
  }

  GroupProgress progress{{kNode, 100, [](const kafka::CommitMetadata& metadata, Offset) {
                            return std::min(metadata.completed.size(), kFitting);
                          }}};
};

// ---- attempts

const WallTime kThen{std::chrono::hours(480'000)};

struct Attempts : Group {
  void fail_at(Offset offset, std::uint32_t attempts, std::uint32_t kills = 0) {
    model::Transaction transaction;
    transaction.retries.push_back(
        {BindingId{1},
         {StreamId{1}, kP},
         offset,
         model::RetryState{attempts, kills, kThen + std::chrono::seconds(9), kThen, {}}});
    progress.stored(progress.settle(transaction));
  }
  void settle_at(Offset offset) {
    model::Transaction transaction;
    transaction.retries.push_back({BindingId{1}, {StreamId{1}, kP}, offset, std::nullopt});
    progress.stored(progress.settle(transaction));
  }
  // As the next owner, a folder of its own, begins.
  PartitionStart handed_over() {
    const auto positions = take();
    EXPECT_EQ(positions.size(), 1U);
    GroupCommit commit = commit_of(positions[0].offset, positions[0].metadata);
    commit.metadata->node = kNode + 1;
    return decide(commit);
  }
};

TEST_F(Attempts, TravelWithThePartition) {
  assign();
  fail_at(3, 4, 1);
  const auto start = handed_over();
  EXPECT_FALSE(start.trusted);
  ASSERT_EQ(start.restored.retries.size(), 1U);
  EXPECT_EQ(start.restored.retries[0].offset, 3);
  const model::RetryState& state = *start.restored.retries[0].state;
  EXPECT_EQ(state.attempts, 4U);
  EXPECT_EQ(state.worker_kills, 1U);
  EXPECT_EQ(state.first, kThen);
  EXPECT_EQ(state.next, kThen + std::chrono::seconds(9));
}

TEST_F(Attempts, GoOnTravellingWhileNothingIsTried) {
  assign();
  fail_at(3, 4);
  progress.begin(handed_over());
  progress.committed(true);
  settle_and_store(1);
  ASSERT_EQ(handed_over().restored.retries.size(), 1U);
}

TEST_F(Attempts, EndWithTheirEvent) {
  assign();
  fail_at(3, 4);
  fail_at(5, 1);
  settle_at(3);
  const auto start = handed_over();
  ASSERT_EQ(start.restored.retries.size(), 1U);
  EXPECT_EQ(start.restored.retries[0].offset, 5);
}

TEST_F(Attempts, AreForgottenWithASeek) {
  assign();
  fail_at(3, 4);
  progress.move(kP, 2);
  EXPECT_THAT(handed_over().restored.retries, IsEmpty());
}

TEST_F(Attempts, OfOurOwnFolderCountAsTheFolderHasThem) {
  GroupCommit commit = own(10);
  commit.metadata->tried = {{12, 2, 0, kThen, kThen}};
  const auto start = decide(commit, folder(10, {}, {14}));
  ASSERT_EQ(start.restored.retries.size(), 1U);
  EXPECT_EQ(start.restored.retries[0].offset, 14);
}

TEST_F(Attempts, OfEventsThatAreSettledOrGoneDoNotCount) {
  GroupCommit commit = own(10, {{12, 14}});
  commit.metadata->node = kNode + 1;
  commit.metadata->tried = {{12, 2, 0, kThen, kThen}, {kEnd, 2, 0, kThen, kThen}};
  EXPECT_THAT(decide(commit).restored.retries, IsEmpty());
}

// ---- where a partition begins

TEST_F(Group, WithoutMetadataTheOffsetAloneCounts) {
  const auto start = decide(commit_of(10), folder(50, {}, {60}));
  EXPECT_EQ(start.restored.progress, (model::Progress{10, {}}));
  EXPECT_THAT(start.restored.retries, IsEmpty());
  EXPECT_FALSE(start.trusted);
  EXPECT_EQ(start.epoch, kFresh);
  EXPECT_FALSE(start.commit);
}

TEST_F(Group, AGroupWithoutACommitGetsOne) {
  GroupCommit commit = commit_of(10);
  commit.committed.reset();
  EXPECT_TRUE(decide(commit).commit);
}

TEST_F(Group, AResumeElsewhereIgnoresTheMetadata) {
  GroupCommit commit = own(10, {{12, 14}});
  commit.resume = 20;
  const auto start = decide(commit, folder(15));
  EXPECT_EQ(start.restored.progress, (model::Progress{20, {}}));
  EXPECT_TRUE(start.commit);
  EXPECT_FALSE(start.trusted);
  EXPECT_FALSE(progress.needs_local(commit));
}

TEST_F(Group, RangesOfAnotherNodeCountButOurFolderDoesNot) {
  GroupCommit commit = own(10, {{12, 14}});
  commit.metadata->node = kNode + 1;
  const auto start = decide(commit, folder(50, {}, {60}));
  EXPECT_EQ(start.restored.progress, (model::Progress{10, {{12, 14}}}));
  EXPECT_THAT(start.restored.retries, IsEmpty());
  EXPECT_FALSE(start.trusted);
  EXPECT_EQ(start.epoch, kFresh);
  EXPECT_FALSE(progress.needs_local(commit));
}

TEST_F(Group, OurFolderCountsWhenWeCommittedLast) {
  const auto start = decide(own(10, {{12, 14}}), folder(12, {{20, 21}}, {13, 30}));
  EXPECT_EQ(start.restored.progress, (model::Progress{14, {{20, 21}}}));
  ASSERT_EQ(start.restored.retries.size(), 1U);  // 13 is settled
  EXPECT_EQ(start.restored.retries[0].offset, 30);
  EXPECT_TRUE(start.trusted);
  EXPECT_EQ(start.epoch, kEpoch);
  EXPECT_TRUE(start.commit);
}

TEST_F(Group, AFolderOfAnotherTenureDoesNotCount) {
  LocalProgress local = folder(50, {}, {60});
  for (const std::optional<std::uint64_t> epoch : {std::optional{kEpoch - 1}, {}}) {
    local.epoch = epoch;
    const auto start = decide(own(10), local);
    EXPECT_EQ(start.restored.progress, (model::Progress{10, {}}));
    EXPECT_FALSE(start.trusted);
    EXPECT_EQ(start.epoch, kFresh);
  }
}

TEST_F(Group, WhatIsBeyondTheEndIsOfAnotherTopic) {
  EXPECT_EQ(decide(own(10, {{99, 101}})).restored.progress, (model::Progress{10, {}}));
  const auto start = decide(own(10, {{12, 14}}), folder(10, {{99, 101}}, {60}));
  EXPECT_EQ(start.restored.progress, (model::Progress{10, {{12, 14}}}));
  EXPECT_THAT(start.restored.retries, IsEmpty());
  EXPECT_FALSE(start.trusted);
}

// ---- what is committed

TEST_F(Group, OnlyWhatIsStoredIsCommitted) {
  assign();
  const auto first = settle(5);
  const auto second = settle(9);
  EXPECT_THAT(offsets(), IsEmpty());
  progress.stored(second);  // not before the first
  EXPECT_THAT(offsets(), IsEmpty());
  progress.stored(first);
  EXPECT_THAT(offsets(), ElementsAre(9));
}

TEST_F(Group, SettlementsCompleteInOrderOnceTheyAreCommitted) {
  assign();
  settle_and_store(5);
  settle_and_store(9);
  EXPECT_THAT(complete(), IsEmpty());
  EXPECT_THAT(offsets(), ElementsAre(9));
  const auto later = settle(11);
  progress.stored(later);
  EXPECT_THAT(complete(), IsEmpty());
  progress.committed(true);
  EXPECT_THAT(complete(), ElementsAre(1, 2));
  EXPECT_THAT(offsets(), ElementsAre(11));
  progress.committed(true);
  EXPECT_THAT(complete(), ElementsAre(later));
}

TEST_F(Group, AFailedCommitIsTakenAgain) {
  assign();
  settle_and_store(5);
  EXPECT_THAT(offsets(), ElementsAre(5));
  EXPECT_TRUE(progress.committing());
  EXPECT_FALSE(progress.uncommitted());
  progress.committed(false);
  EXPECT_FALSE(progress.committing());
  EXPECT_THAT(complete(), IsEmpty());
  EXPECT_TRUE(progress.uncommitted());
  EXPECT_THAT(offsets(), ElementsAre(5));
}

TEST_F(Group, OnlyAllowedPartitionsAreCommitted) {
  assign(kP);
  assign(kQ);
  settle_and_store(5, {}, kP);
  settle_and_store(6, {}, kQ);
  const auto positions = progress.take_positions([](PartitionId p) { return p == kQ; });
  ASSERT_EQ(positions.size(), 1U);
  EXPECT_EQ(positions[0].partition, kQ);
  progress.committed(true);
  EXPECT_THAT(complete(), IsEmpty());  // the first one is of the other partition
  EXPECT_THAT(offsets(), ElementsAre(5));
  progress.committed(true);
  EXPECT_THAT(complete(), ElementsAre(1, 2));
}

TEST_F(Group, ACommitIsDueAtAQuarterOfTheWindow) {
  assign();
  EXPECT_FALSE(settle_and_store(24));
  EXPECT_TRUE(settle_and_store(25));
  EXPECT_THAT(offsets(), ElementsAre(25));
  progress.committed(true);
  EXPECT_FALSE(settle_and_store(49));
}

TEST_F(Group, RangesThatDoNotFitStayUncommitted) {
  assign();
  settle_and_store(1, {{3, 4}, {5, 6}, {7, 8}});
  EXPECT_FALSE(progress.fits(kP));
  auto positions = take();
  ASSERT_EQ(positions.size(), 1U);
  EXPECT_EQ(positions[0].metadata, (kafka::CommitMetadata{kNode, kEpoch, {{3, 4}, {5, 6}}}));
  progress.committed(true);
  EXPECT_THAT(complete(), IsEmpty());
  settle_and_store(4, {{5, 6}, {7, 8}});
  EXPECT_TRUE(progress.fits(kP));
  EXPECT_THAT(offsets(), ElementsAre(4));
  progress.committed(true);
  EXPECT_THAT(complete(), ElementsAre(1, 2));
}

TEST_F(Group, AllRangesOrNothingWithTransactions) {
  progress.require_all_ranges();
  assign();
  settle_and_store(1, {{3, 4}, {5, 6}, {7, 8}});
  EXPECT_THAT(offsets(), IsEmpty());
  EXPECT_FALSE(progress.committing());
  EXPECT_TRUE(progress.uncommitted());
  settle_and_store(8);
  EXPECT_THAT(offsets(), ElementsAre(8));
}

TEST_F(Group, AGapIsCommittedOnceAllBeforeItIsSettled) {
  assign();
  progress.skip(kP, progress.tenure(kP), {5, 8});
  EXPECT_THAT(offsets(), IsEmpty());
  settle_and_store(4);
  EXPECT_THAT(offsets(), ElementsAre(4));
  progress.committed(true);
  settle_and_store(5);
  EXPECT_THAT(offsets(), ElementsAre(8));
}

// ---- tenures

TEST_F(Group, ALostPartitionCommitsNothingAndItsSettlementsEnd) {
  assign();
  settle_and_store(5);
  progress.end(kP);
  EXPECT_EQ(progress.tenure(kP), 0U);
  EXPECT_THAT(offsets(), IsEmpty());
  const auto ended = progress.next_complete();
  ASSERT_TRUE(ended);
  ASSERT_FALSE(ended->status);
  EXPECT_EQ(ended->status.error().code, "E5022");
}

TEST_F(Group, WhatAnEarlierTenureSettledDoesNotMoveALaterOne) {
  assign();
  const auto late = settle(50);
  const Tenure before = progress.tenure(kP);
  progress.end(kP);
  assign(kP, 10);
  EXPECT_NE(progress.tenure(kP), before);
  progress.stored(late);
  progress.skip(kP, before, {10, 90});
  EXPECT_THAT(offsets(), IsEmpty());
  EXPECT_THAT(complete(), ElementsAre(late));
}

TEST_F(Group, AnAnswerForAnEarlierTenureCommitsNothingOfALaterOne) {
  assign();
  settle_and_store(5);
  EXPECT_THAT(offsets(), ElementsAre(5));
  progress.end(kP);
  assign(kP, 3);
  const auto fresh = settle(4);
  progress.stored(fresh);
  progress.committed(true);
  EXPECT_THAT(complete(), ElementsAre(1));
  EXPECT_THAT(offsets(), ElementsAre(4));
}

TEST_F(Group, AMoveIsATenureOfItsOwnThatCompletesWhenCommitted) {
  assign();
  const auto late = settle(50);
  const Tenure before = progress.tenure(kP);
  const auto moved = progress.move(kP, 20);
  EXPECT_NE(progress.tenure(kP), before);
  progress.stored(late);
  EXPECT_THAT(complete(), IsEmpty());
  EXPECT_THAT(offsets(), ElementsAre(20));
  progress.committed(true);
  EXPECT_THAT(complete(), ElementsAre(moved, late));
}

TEST_F(Group, WhatIsBuriedIsKeptBesideWhatIsCommitted) {
  assign();
  EXPECT_EQ(progress.bury(kP, 8), (model::Progress{0, {{8, 9}}}));
  settle_and_store(5);
  take();
  progress.committed(true);
  EXPECT_EQ(progress.bury(kP, 6), (model::Progress{5, {{6, 7}, {8, 9}}}));
  EXPECT_EQ(progress.bury(kQ, 6), std::nullopt);
}

}  // namespace
}  // namespace pelton::stream
