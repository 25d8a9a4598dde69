// SPDX-License-Identifier: Apache-2.0
// Results that contradict their frame: results_test.cpp.
#include "engine/dispatch/frame_book.h"

#include <gtest/gtest.h>

namespace pelton::dispatch {
namespace {

constexpr PartitionId kPartition{4};
constexpr WorkerId kWorker{1}, kOther{2};

class FrameBookTest : public ::testing::Test {
 protected:
  FrameId give(std::uint32_t events, WorkerId worker = kWorker, PartitionId from = kPartition) {
    const FrameId frame = book.next();
    book.give(worker, from, std::vector<Position>(events));
    return frame;
  }
  static model::FrameResult result(std::uint32_t first, std::uint32_t count) {
    model::FrameResult result;
    result.first = first;
    result.count = count;
    return result;
  }
  void answer(FrameId frame, std::uint32_t first, std::uint32_t count, WorkerId by = kWorker) {
    const auto what = result(first, count);
    ASSERT_TRUE(book.check(by, frame, what));
    book.answer(by, frame, what);
    book.close(frame);
  }
  FrameBook::Loss lose(std::optional<FrameId> at, std::optional<std::uint32_t> index = {},
                       std::string cause = "crash") {
    return book.lose(kWorker, {"w", std::move(cause), "", "", at, index});
  }

  FrameBook book{FrameId{100}};
};

TEST_F(FrameBookTest, AFrameIsOpenUntilAllOfItIsAnswered) {
  const FrameId frame = give(3);
  EXPECT_EQ(frame, FrameId{100});
  EXPECT_EQ(book.in_flight(), 3U);
  EXPECT_EQ(book.partition_of(frame), kPartition);
  EXPECT_EQ(book.find(kOther, frame), nullptr);
  answer(frame, 0, 2);
  EXPECT_EQ(book.in_flight(), 1U);
  EXPECT_EQ(book.check(kWorker, frame, result(0, 1)).error().kind, ErrorKind::invalid);
  answer(frame, 2, 1);
  EXPECT_EQ(book.in_flight(), 0U);
  EXPECT_EQ(book.check(kWorker, frame, result(2, 1)).error().kind, ErrorKind::cancelled);
  EXPECT_FALSE(book.partition_of(frame));
}

TEST_F(FrameBookTest, WhatIsHeldIsInFlightButWithNoWorker) {
  const FrameId frame = give(2);
  book.hold(kWorker, frame, 0, 2);
  EXPECT_EQ(book.in_flight(), 2U);
  EXPECT_FALSE(book.with_workers(kPartition));
  EXPECT_TRUE(lose(frame, 0).frames == std::vector{frame});
  answer(frame, 0, 2, model::kHeld);
  EXPECT_EQ(book.in_flight(), 0U);
}

TEST_F(FrameBookTest, WithWorkersIsAPartitionsOwn) {
  EXPECT_FALSE(book.with_workers(kPartition));
  give(1);
  EXPECT_TRUE(book.with_workers(kPartition));
  EXPECT_FALSE(book.with_workers(PartitionId{5}));
  book.give(kWorker, model::DeadLetterId{{}, PartitionId{5}, 1});
  EXPECT_FALSE(book.with_workers(PartitionId{5})) << "a replay";
}

TEST_F(FrameBookTest, TheEventThatAWorkerWasAtIsToBlame) {
  give(2);
  const FrameId second = give(2);
  const auto lost = lose(second, 1);
  EXPECT_EQ(lost.frames.size(), 2U);
  ASSERT_TRUE(lost.blamed);
  EXPECT_EQ(*lost.blamed, std::pair(second, 1U));
  EXPECT_FALSE(lost.suspected);
  EXPECT_EQ(book.in_flight(), 0U);
}

TEST_F(FrameBookTest, TheOnlyOneUnansweredIsToBlame) {
  const FrameId frame = give(3);
  answer(frame, 0, 2);
  EXPECT_EQ(*lose(frame).blamed, std::pair(frame, 2U));
}

TEST_F(FrameBookTest, OfSeveralUnansweredEachIsSuspected) {
  const FrameId frame = give(3);
  answer(frame, 0, 1);
  const auto lost = lose(frame);
  EXPECT_FALSE(lost.blamed);
  EXPECT_EQ(lost.suspected, frame);
}

TEST_F(FrameBookTest, NobodyIsToBlameForTheEngineOrAnotherBindingsFrame) {
  const FrameId frame = give(1);
  EXPECT_FALSE(lose(FrameId{7}, 0).blamed);
  give(1);
  const auto lost = lose(frame, 0, "engine");
  EXPECT_FALSE(lost.blamed || lost.suspected);
}

TEST_F(FrameBookTest, AnotherWorkersFramesStay) {
  const FrameId frame = give(2, kOther);
  EXPECT_TRUE(lose(std::nullopt).frames.empty());
  EXPECT_NE(book.find(kOther, frame), nullptr);
}

TEST_F(FrameBookTest, WhatIsOfAPartitionThatIsGoneIsLate) {
  const FrameId frame = give(2);
  const FrameId other = give(1, kWorker, PartitionId{5});
  book.give(kWorker, model::DeadLetterId{{}, kPartition, 1});
  book.forget(kPartition);
  EXPECT_EQ(book.find(kWorker, frame), nullptr);
  EXPECT_NE(book.find(kWorker, other), nullptr);
  EXPECT_EQ(book.in_flight(), 2U) << "a replay is not the partition's";
}

}  // namespace
}  // namespace pelton::dispatch
