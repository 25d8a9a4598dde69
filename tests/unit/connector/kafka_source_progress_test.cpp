// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/source_progress.h"

#include <gmock/gmock.h>

namespace pelton::kafka_connector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr PartitionId kFirst{0}, kSecond{1};

struct SourceProgressTest : testing::Test {
  SourceProgress progress;

  void SetUp() override { begin(kFirst); }

  std::uint64_t begin(PartitionId partition, Offset from = 0) {
    return progress.begin(partition, from, from, 100);
  }
  SourceProgress::Token give(PartitionId partition, Offset next) {
    progress.give(partition, next);
    return progress.finish();
  }
  // "partition:offset" of what is to be committed.
  std::vector<std::string> commits() {
    std::vector<std::string> out;
    for (const kafka::OffsetCommit& each : progress.take_commits())
      out.push_back(fmt::format("{}:{}", each.partition.value, each.offset));
    return out;
  }
};

TEST_F(SourceProgressTest, OnlyWhatIsSettledIsCommittedAndOnce) {
  const auto token = give(kFirst, 10);
  EXPECT_THAT(commits(), IsEmpty()) << "read, not settled";
  EXPECT_THAT(progress.settle(token, true), IsEmpty());
  EXPECT_TRUE(progress.has_commits());
  EXPECT_THAT(commits(), ElementsAre("0:10"));
  EXPECT_FALSE(progress.has_commits());
  EXPECT_THAT(commits(), IsEmpty());
}

TEST_F(SourceProgressTest, AReadSpansPartitions) {
  begin(kSecond, 5);
  progress.give(kFirst, 3);
  progress.give(kSecond, 7);
  progress.give(kFirst, 4);
  progress.settle(progress.finish(), true);
  EXPECT_THAT(commits(), ElementsAre("0:4", "1:7"));
}

TEST_F(SourceProgressTest, AGroupWithoutAnOffsetGetsTheOneItBeginsAt) {
  progress.begin(kSecond, 42, std::nullopt, 100);
  EXPECT_THAT(commits(), ElementsAre("1:42"));
}

TEST_F(SourceProgressTest, WhatWasNotDoneComesAgainAndLaterReadsDoNotCount) {
  progress.settle(give(kFirst, 10), true);
  const auto failed = give(kFirst, 20), later = give(kFirst, 30);
  const auto rewinds = progress.settle(failed, false);
  ASSERT_EQ(rewinds.size(), 1U);
  EXPECT_EQ(rewinds[0].from, 10);
  EXPECT_TRUE(progress.current(kFirst, rewinds[0].tenure));
  EXPECT_EQ(progress.next(kFirst), 10);
  EXPECT_THAT(progress.settle(later, true), IsEmpty());
  EXPECT_THAT(commits(), ElementsAre("0:10"));
  progress.settle(give(kFirst, 20), true);
  EXPECT_THAT(commits(), ElementsAre("0:20"));
}

TEST_F(SourceProgressTest, OfAPartitionThatIsGoneNothingIsCommitted) {
  const auto token = give(kFirst, 10);
  EXPECT_FALSE(progress.settled({kFirst}));
  progress.forget(kFirst);
  EXPECT_TRUE(progress.settled({kFirst}));
  progress.settle(token, true);
  EXPECT_THAT(commits(), IsEmpty());
}

TEST_F(SourceProgressTest, APartitionThatCameBackForgetsItsEarlierTenure) {
  const auto old = give(kFirst, 10);
  const auto tenure = begin(kFirst, 50);
  progress.settle(old, true);
  EXPECT_TRUE(progress.current(kFirst, tenure));
  EXPECT_THAT(commits(), IsEmpty());
  EXPECT_EQ(progress.next(kFirst), 50);
}

TEST_F(SourceProgressTest, ACommitThatFailedIsDueAgain) {
  progress.settle(give(kFirst, 10), true);
  EXPECT_THAT(commits(), ElementsAre("0:10"));
  progress.commit_failed();
  EXPECT_THAT(commits(), ElementsAre("0:10"));
}

TEST_F(SourceProgressTest, OffsetsWithoutARecordCountOnceAllBeforeThemIsSettled) {
  const auto token = give(kFirst, 98);
  progress.pass(kFirst, 98, 100);
  EXPECT_EQ(progress.lag(), 100U);
  progress.settle(token, true);
  EXPECT_EQ(progress.lag(), 0U);
  EXPECT_THAT(commits(), ElementsAre("0:100"));
}

TEST_F(SourceProgressTest, OffsetsWithoutARecordAreNotSkippedToEarly) {
  progress.pass(kFirst, 98, 100);
  EXPECT_EQ(progress.lag(), 100U) << "what is before them was not even read";
  EXPECT_THAT(commits(), IsEmpty());
}

TEST_F(SourceProgressTest, LagFollowsTheEnd) {
  progress.settle(give(kFirst, 60), true);
  EXPECT_EQ(progress.lag(), 40U);
  progress.end_moved(kFirst, 160);
  progress.end_moved(kFirst, 120);
  EXPECT_EQ(progress.lag(), 100U) << "an end never goes back";
}

}  // namespace
}  // namespace pelton::kafka_connector
