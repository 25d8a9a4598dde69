// SPDX-License-Identifier: Apache-2.0
// The order of lanes through a dispatcher: order_test.cpp.
#include "engine/dispatch/partition_queue.h"

#include "engine/dispatch/suspects.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

constexpr WallTime kArrived{std::chrono::hours(1000)};
constexpr FrameId kFrame{1}, kNext{2};

// Events are pushed by their lanes: "1 1 2" are two of lane 1 and one of lane 2.
class PartitionQueueTest : public ::testing::Test {
 protected:
  void push(std::vector<LaneKey> lanes) {
    const auto batch = batch_of("x");
    for (const LaneKey lane : lanes) {
      queue.hold(batch, kArrived);
      queue.push(0, offset_++, lane);
    }
  }
  // What of the new events and of those in ready lanes goes into a frame, in that order.
  std::vector<Position> take_all(FrameId frame) {
    std::vector<Position> taken;
    for (; queue.has_new(); queue.pass_new())
      if (const auto event = queue.join(frame)) take(*event, frame, taken);
    for (auto left = queue.lanes().ready(); left > 0; --left) {
      const LaneKey lane = queue.lanes().pop_ready();
      while (const auto event = queue.pop(lane, frame)) take(*event, frame, taken);
      queue.leave_lane(lane, false);
    }
    return taken;
  }
  void take(const PartitionQueue::Candidate& event, FrameId frame, std::vector<Position>& taken) {
    queue.take(event, frame);
    taken.push_back(event.position);
  }
  void settle(Position position) {
    queue.settle(position);
    queue.forget_settled();
  }

  PartitionQueue queue{config::Delivery{}, nullptr, std::nullopt};
  Offset offset_ = 0;
};

TEST_F(PartitionQueueTest, ALaneIsInOneFrameAtATime) {
  push({1, 2, 1});
  EXPECT_EQ(take_all(kFrame), (std::vector<Position>{0, 1, 2}));
  push({1, 3});
  EXPECT_EQ(take_all(kNext), std::vector<Position>{4});
  EXPECT_EQ(queue.waiting(), 1U);
  settle(0);
  EXPECT_FALSE(queue.lanes().has_ready()) << "2 is of lane 1, too";
  settle(2);
  EXPECT_EQ(take_all(kNext), std::vector<Position>{3});
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST_F(PartitionQueueTest, WhatIsParkedHoldsBackItsLane) {
  push({1, 1});
  take_all(kFrame);
  queue.give_back(1);
  queue.park(0, kArrived + std::chrono::seconds(1));
  EXPECT_EQ(queue.in_flight(), 0U);
  EXPECT_EQ(queue.parked().begin()->second, 0U);
  EXPECT_FALSE(queue.lanes().has_ready());
  queue.unpark_due(kArrived);
  EXPECT_FALSE(queue.lanes().has_ready());
  queue.unpark_due(kArrived + std::chrono::seconds(1));
  EXPECT_TRUE(queue.parked().empty());
  EXPECT_EQ(take_all(kNext), (std::vector<Position>{0, 1}));
}

TEST_F(PartitionQueueTest, AnEarlierEventTakesThePlaceOfOneThatIsParked) {
  push({1, 1});
  take_all(kFrame);
  queue.park(1, kArrived);
  queue.park(0, kArrived + std::chrono::seconds(5));
  ASSERT_EQ(queue.parked().size(), 1U) << "the later one waits behind it";
  EXPECT_EQ(queue.parked().begin()->second, 0U);
  EXPECT_EQ(queue.waiting(), 1U);
}

TEST_F(PartitionQueueTest, WithoutATimeItIsUnparkedByName) {
  push({1});
  take_all(kFrame);
  queue.park(0, WallTime::max());
  EXPECT_TRUE(queue.parked().empty());
  EXPECT_EQ(queue.waiting(), 1U);
  queue.unpark(0);
  EXPECT_EQ(take_all(kNext), std::vector<Position>{0});
}

TEST_F(PartitionQueueTest, ALaneThatIsWatchedIsNotedWhenItIsFree) {
  push({1, 1, 2});
  take_all(kFrame);
  queue.lanes().watch(true);
  EXPECT_FALSE(queue.lanes().is_free(1));
  settle(0);
  settle(1);
  EXPECT_EQ(queue.lanes().take_freed(), std::vector<LaneKey>{1});
  EXPECT_TRUE(queue.lanes().is_free(1));
  queue.lanes().watch(false);
  settle(2);
  EXPECT_TRUE(queue.lanes().take_freed().empty());
}

TEST_F(PartitionQueueTest, AnOccupiedLaneIsVacatedByItsFrameOnly) {
  queue.lanes().occupy(1, kFrame);
  push({1});
  EXPECT_TRUE(take_all(kNext).empty());
  queue.lanes().vacate(1, kNext);
  EXPECT_FALSE(queue.lanes().has_ready());
  queue.lanes().vacate(1, kFrame);
  EXPECT_EQ(take_all(kNext), std::vector<Position>{0});
}

TEST_F(PartitionQueueTest, CountsTheBytesOfNewEventsForABindingThatWaits) {
  config::Delivery delivery;
  delivery.batch.wait = std::chrono::seconds(1);
  PartitionQueue waiting(delivery, nullptr, std::nullopt);
  waiting.hold(batch_of("-:12345"), kArrived);
  waiting.push(0, 0, 0);
  EXPECT_EQ(waiting.new_bytes(), 5U);
  EXPECT_EQ(waiting.new_since(), kArrived);
  waiting.take(*waiting.join(kFrame), kFrame);
  waiting.pass_new();
  EXPECT_EQ(waiting.new_bytes(), 0U);
}

TEST(SuspectsTest, ComeAgainInHalves) {
  Suspects suspects;
  for (Offset offset = 0; offset < 5; ++offset) suspects.add(offset, 5);
  EXPECT_EQ(suspects.most_together(2), 3U);
  EXPECT_FALSE(suspects.most_together(9));
  suspects.add(2, 3);
  EXPECT_EQ(suspects.most_together(2), 2U);
  suspects.clear(2);
  EXPECT_FALSE(suspects.most_together(2));
  EXPECT_FALSE(suspects.empty());
}

}  // namespace
}  // namespace pelton::dispatch
