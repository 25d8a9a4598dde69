// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/fetched_records.h"

#include "engine/model/batch_builder.h"
#include "tests/unit/stream/partition.h"

#include <gmock/gmock.h>

namespace pelton::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One partition of ours from offset 0 on, whose records are all of one byte.
struct Fetched : ::testing::Test {
  GroupProgress progress{
      {1, 100, [](const auto& metadata, Offset) { return metadata.completed.size(); }}};
  std::vector<PartitionId> readable;
  std::vector<std::pair<Tenure, std::size_t>> taken;
  FetchedRecords records{StreamId{3},
                         progress,
                         {[this](PartitionId partition) { readable.push_back(partition); },
                          [this](PartitionId, Tenure tenure, std::size_t bytes) {
                            taken.emplace_back(tenure, bytes);
                          }},
                         nullptr};

  Tenure begin(Offset end = 0) {
    PartitionStart start;
    start.partition = kP;
    records.begin(kP, end);
    return progress.begin(start);
  }
  static model::BatchPtr batch(std::size_t events, std::int64_t time_us = 7) {
    model::BatchBuilder builder;
    for (std::size_t i = 0; i < events; ++i) {
      model::EventView event;
      event.data = "x";
      event.time_us = time_us;
      builder.add(event);
    }
    return builder.finish();
  }
  Offset next(Offset from) {
    const auto found = records.next(kP, from);
    return found ? found->base : -1;
  }
};

TEST_F(Fetched, BatchesComeInTheirOrder) {
  const Tenure tenure = begin();
  records.fetched(kP, tenure, 0, batch(3), 3);
  records.fetched(kP, tenure, 3, batch(2), 5);
  EXPECT_THAT(readable, ElementsAre(kP, kP));
  EXPECT_EQ(next(0), 0);
  EXPECT_EQ(next(2), 0) << "the batch that holds it";
  EXPECT_EQ(next(3), 3);
  EXPECT_EQ(next(5), -1);
  EXPECT_EQ(records.end(kP), 5);
}

TEST_F(Fetched, WhatIsPassedOverIsSaidToBeTaken) {
  const Tenure tenure = begin();
  const auto first = batch(3);
  records.fetched(kP, tenure, 0, first, 3);
  records.fetched(kP, tenure, 3, batch(2), 5);
  next(0);
  EXPECT_THAT(taken, IsEmpty());
  next(3);
  EXPECT_THAT(taken, ElementsAre(std::pair(tenure, first->bytes().size())));
}

TEST_F(Fetched, RecordsOfAnEarlierTenureAreDropped) {
  const Tenure old = begin();
  progress.end(kP);
  records.forget(kP);
  begin();
  records.fetched(kP, old, 0, batch(3), 3);
  records.passed(kP, old, 0, 3);
  EXPECT_THAT(readable, IsEmpty());
  EXPECT_EQ(next(0), -1);
}

TEST_F(Fetched, APartitionThatIsNotOursHasNothing) {
  EXPECT_EQ(next(0), -1);
  EXPECT_EQ(records.end(kP), 0);
  EXPECT_FALSE(records.time_at(kP, 0));
  records.end_moved(kP, 9);
  EXPECT_EQ(records.end(kP), 0);
}

TEST_F(Fetched, ASeekThrowsAwayWhatWasFetched) {
  const Tenure tenure = begin();
  records.fetched(kP, tenure, 5, batch(2), 7);
  records.move(kP, 2);
  EXPECT_EQ(next(2), -1) << "the batch at 5 would pass over 2 to 4";
  EXPECT_EQ(records.end(kP), 7);
}

TEST_F(Fetched, MarksOfTransactionsAtTheEndAreNothingToWaitFor) {
  const Tenure tenure = begin();
  records.fetched(kP, tenure, 0, batch(2), 3);
  records.passed(kP, tenure, 2, 3);
  EXPECT_EQ(records.end(kP), 2);
  records.fetched(kP, tenure, 3, batch(1), 4);
  EXPECT_EQ(records.end(kP), 4) << "records follow";
}

TEST_F(Fetched, TheEndMovesForwardsOnly) {
  begin(4);
  records.end_moved(kP, 9);
  records.end_moved(kP, 6);
  EXPECT_EQ(records.end(kP), 9);
}

TEST_F(Fetched, TheTimeOfAnOffsetIsThatOfItsBatch) {
  const Tenure tenure = begin();
  records.fetched(kP, tenure, 0, batch(2, 70), 2);
  records.fetched(kP, tenure, 2, batch(2, 80), 4);
  EXPECT_EQ(records.time_at(kP, 1), from_us(70));
  EXPECT_EQ(records.time_at(kP, 2), from_us(80));
  EXPECT_FALSE(records.time_at(kP, 4));
}

}  // namespace
}  // namespace pelton::stream
