// SPDX-License-Identifier: Apache-2.0
// What a worker has not begun comes back.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

using GiveBack = DispatcherTest;

TEST_F(GiveBack, TheTailGoesToAnotherWorkerAndCostsNoAttempt) {
  offer("a b c d");
  ASSERT_EQ(pull(1), "a0 b1 c2 d3");
  const model::Frame slow = frame();
  give_back(slow, 2);
  EXPECT_EQ(dispatcher().in_flight(), 2U);
  ASSERT_EQ(pull(2), "c2 d3");
  EXPECT_TRUE(frame().attempts.empty());
  done({}, 2);
  EXPECT_EQ(cursor(), "0 2-4");
  model::FrameResult rest;
  rest.count = 2;
  finish(rest, slow, 1);
  EXPECT_EQ(cursor(), "4");
  EXPECT_TRUE(dispatcher().idle());
}

TEST_F(GiveBack, EventsOfAKeyThatIsStillBusyWaitForIt) {
  offer("a b a b");
  ASSERT_EQ(pull(1), "a0 b1 a2 b3");
  const model::Frame slow = frame();
  model::FrameResult first;
  first.count = 1;
  finish(first, slow, 1);
  give_back(slow, 2);
  EXPECT_EQ(pull(2), "a2");
  model::FrameResult second;
  second.first = second.count = 1;
  finish(second, slow, 1);
  EXPECT_EQ(pull(2), "b3");
}

TEST_F(GiveBack, AWholeFrameComesBack) {
  offer("a b");
  ASSERT_EQ(pull(1), "a0 b1");
  give_back(frame(), 0);
  EXPECT_EQ(dispatcher().in_flight(), 0U);
  EXPECT_TRUE(dispatcher().drained(PartitionId{0}));
  EXPECT_EQ(pull(2), "a0 b1");
}

TEST_F(GiveBack, ResultsForWhatWasGivenBackAreRefused) {
  offer("a b c");
  pull(1);
  give_back(frame(), 1);
  EXPECT_FALSE(refuse(all_done(frame())).has_value());
}

TEST_F(GiveBack, WhatIsNotTheWorkersAnyMoreIsIgnored) {
  offer("a b c");
  ASSERT_EQ(pull(1), "a0 b1 c2");
  const model::Frame first = frame();
  model::FrameResult part;
  part.count = 2;
  finish(part, first, 1);
  give_back(first, 1);  // answered meanwhile
  give_back(first, 3);  // there is no such event
  EXPECT_EQ(pull(2), "");
  lose(1, {}, "engine");
  ASSERT_EQ(pull(2), "c2");
  give_back(first, 2);
  EXPECT_EQ(pull(3), "");
}

TEST_F(GiveBack, ADeathIsBlamedOnWhatIsLeft) {
  offer("a b c d");
  pull(1);
  give_back(frame(), 1);
  lose(1);
  EXPECT_EQ(dispatcher().totals().failed_attempts, 1U);
  EXPECT_EQ(counts().retrying, 1U);
  EXPECT_EQ(pull(2), "b1 c2 d3");
}

TEST_F(GiveBack, AReplayComesAgain) {
  options.delivery.retry.attempts = 1;
  offer("a");
  pull();
  fail({0});
  ASSERT_TRUE(replay(letter(0)));
  ASSERT_EQ(pull(1), "a0");
  give_back(frame(), 0);
  EXPECT_EQ(dispatcher().in_flight(), 0U);
  ASSERT_EQ(pull(2), "a0");
  done({}, 2);
  EXPECT_TRUE(letters().empty());
}

}  // namespace
}  // namespace pelton::dispatch
