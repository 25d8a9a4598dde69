// SPDX-License-Identifier: Apache-2.0
// Lanes: what goes together, what waits.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

class Order : public DispatcherTest {
 protected:
  Order() { limits.events = 2; }
};

TEST_F(Order, LaterEventsOfAKeyWaitForThoseInFlight) {
  offer("a b a c");
  EXPECT_EQ(pull(), "a0 b1");
  const model::Frame first = frame();
  EXPECT_EQ(pull(), "c3");
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(counts().waiting, 1U);
  done(first);
  EXPECT_EQ(pull(), "a2");
}

TEST_F(Order, EventsOfAKeyMayShareAFrame) {
  offer("a a b");
  EXPECT_EQ(pull(), "a0 a1");
}

TEST_F(Order, WhatHasWaitedGoesFirst) {
  offer("a b a");
  pull();
  const model::Frame first = frame();
  pull();
  offer("c d");
  done(first);
  EXPECT_EQ(pull(), "a2 c3");
}

TEST_F(Order, AFailureParksItsLaneOnly) {
  offer("a b");
  pull();
  fail({0});
  offer("a b");
  EXPECT_EQ(pull(), "b3");
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(counts().retrying, 1U);
  EXPECT_EQ(counts().waiting, 1U);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "a0 a2");
  EXPECT_EQ(frame().attempts, (std::vector<std::uint32_t>{2, 1}));
}

TEST_F(Order, SkippedEventsGoAgainInOrderUntried) {
  limits.events = 4;
  offer("a b a a");
  pull();
  answer("rdss");
  EXPECT_EQ(cursor(), "0 1-2");
  EXPECT_EQ(pull(), "");
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "a0 a2 a3");
  EXPECT_EQ(frame().attempts, (std::vector<std::uint32_t>{2, 1, 1}));
}

TEST_F(Order, ASecondFailureOfALaneDoesNotLetLaterOnesPass) {
  limits.events = 10;
  offer("a a");
  pull();
  // A worker that does not hold back: the second is due later than the first.
  model::FrameResult result = all_done(frame());
  result.not_done.push_back(
      {0, model::OutcomeCode::retry, "", "", "", std::chrono::seconds(1), true});
  result.not_done.push_back(
      {1, model::OutcomeCode::retry, "", "", "", std::chrono::seconds(60), true});
  finish(std::move(result));
  offer("a");
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "a0");
  done();
  EXPECT_EQ(pull(), "");
  pass(std::chrono::seconds(60));
  EXPECT_EQ(pull(), "a1 a2");
}

TEST_F(Order, AnUntriedEventBeforeAParkedOneGoesFirst) {
  limits.events = 10;
  offer("a a");
  pull();
  answer("sr");
  EXPECT_EQ(pull(), "a0");
  done();
  EXPECT_EQ(pull(), "");
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "a1");
}

TEST_F(Order, PartialResultsLetTheLaneGoOnceItIsClear) {
  offer("a a b a");
  pull();
  model::FrameResult first;
  first.count = 1;
  const model::Frame shared = frame();
  finish(std::move(first));
  EXPECT_EQ(cursor(), "1");
  EXPECT_EQ(pull(), "b2");
  model::FrameResult second;
  second.first = 1;
  second.count = 1;
  finish(std::move(second), shared);
  EXPECT_EQ(pull(), "a3");
}

TEST_F(Order, EventsWithoutAKeyWaitForNothing) {
  offer("- - -");
  pull();
  fail({0});
  EXPECT_EQ(pull(), "-2");
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "-0");
}

TEST_F(Order, AnEmptyKeyIsAKey) {
  model::BatchPtr batch = batch_of(":x :y :z");
  offer_batch(batch);
  EXPECT_EQ(pull(), "0 1");
  EXPECT_EQ(pull(), "");
}

TEST_F(Order, OfThePartitionIsOneLane) {
  options.delivery.order = model::Order::partition;
  offer("a b c -");
  EXPECT_EQ(pull(), "a0 b1");
  EXPECT_EQ(pull(), "");
  answer("rs");
  EXPECT_EQ(pull(), "");
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "a0 b1");
  done();
  EXPECT_EQ(pull(), "c2 -3");
}

TEST_F(Order, NoneLetsEverythingGo) {
  options.delivery.order = model::Order::none;
  offer("a a a a");
  EXPECT_EQ(pull(), "a0 a1");
  fail({0, 1});
  EXPECT_EQ(pull(), "a2 a3");
}

TEST_F(Order, ALostWorkersEventsGoAgainInOrder) {
  limits.events = 10;
  offer("a b a");
  pull();
  offer("a");
  lose(1, {}, "engine");
  EXPECT_EQ(pull(), "a0 b1 a2 a3");
  EXPECT_TRUE(frame().attempts.empty());
}

}  // namespace
}  // namespace pelton::dispatch
