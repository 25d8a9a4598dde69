// SPDX-License-Identifier: Apache-2.0
// What follows from failures and from workers that end.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

using std::chrono::seconds;

using Failures = DispatcherTest;

TEST_F(Failures, AreTriedAgainUntilTheAttemptsAreUsedUp) {
  offer("a");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_EQ(pull(), "a0") << attempt;
    fail({0});
    pass(std::chrono::hours(1));
  }
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(letters(), std::vector<std::string>{"0/0 attempts"});
  EXPECT_EQ(cursor(), "1");
  EXPECT_EQ(dispatcher().totals().failed_attempts, 3U);
}

TEST_F(Failures, ALetterTellsTheWholeHistory) {
  options.delivery.retry.attempts = 2;
  offer("a:payload");
  pull();
  fail({0});
  pass(seconds(1));
  pull();
  const WallTime end = now;
  fail({0});
  ASSERT_EQ(letters().size(), 1U);
  const model::DeadLetter& kept = letter(0);
  EXPECT_EQ(kept.binding, "bill");
  EXPECT_EQ(kept.stream, "orders");
  EXPECT_EQ(kept.function, "charge");
  EXPECT_EQ(kept.time, end);
  EXPECT_EQ(kept.idempotency_key, "bill/orders/0000000000000000/0/0");
  EXPECT_EQ(kept.event->data(0), "payload");
  EXPECT_EQ(kept.event->key(0), "a");
  ASSERT_EQ(kept.retry.history.size(), 2U);
  EXPECT_EQ(kept.retry.history[1].number, 2U);
  EXPECT_EQ(kept.retry.history[1].type, "ValueError");
  EXPECT_EQ(kept.retry.history[1].worker, "charge-1");
}

TEST_F(Failures, ForGoodIsADeadLetterAtOnce) {
  offer("a b");
  pull();
  answer("fd");
  EXPECT_EQ(letters(), std::vector<std::string>{"0/0 failed"});
  EXPECT_EQ(cursor(), "2");
  offer("a");
  EXPECT_EQ(pull(), "a2");
}

TEST_F(Failures, OfAnInfrastructureUseUpNoAttempt) {
  offer("a");
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(pull(), "a0");
    EXPECT_TRUE(frame().attempts.empty());
    answer("i");
    EXPECT_EQ(pull(), "");
    pass(seconds(1));
  }
  EXPECT_EQ(dispatcher().totals().failed_attempts, 0U);
}

TEST_F(Failures, MayAskForATime) {
  offer("a");
  pull();
  model::FrameResult result = all_done(frame());
  result.not_done.push_back({0, model::OutcomeCode::retry, "", "", "", seconds(42), true});
  finish(std::move(result));
  EXPECT_EQ(dispatcher().next_due(), now + seconds(42));
  pass(seconds(41));
  EXPECT_EQ(pull(), "");
  pass(seconds(1));
  EXPECT_EQ(pull(), "a0");
}

TEST_F(Failures, AreRememberedOverARestart) {
  offer("a b");
  pull();
  fail({0});
  restart();
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(dispatcher().parked(10).size(), 1U);
  pass(seconds(1));
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{2});
  done();
  EXPECT_EQ(cursor(), "2");
  ASSERT_EQ(transactions().back().retries.size(), 1U);
  EXPECT_FALSE(transactions().back().retries[0].state) << "its retry is forgotten with it";
}

TEST_F(Failures, ParkedSaysWhoWaits) {
  offer("a b");
  pull();
  fail({1});
  const auto parked = dispatcher().parked(10);
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].offset, 1);
  EXPECT_EQ(parked[0].key, "b");
  EXPECT_EQ(parked[0].retry->attempts, 1U);
  EXPECT_TRUE(dispatcher().parked(0).empty());
}

// ---- lost workers
using LostWorker = DispatcherTest;

TEST_F(LostWorker, CostsNobodyAnAttemptWhenNobodyIsToBlame) {
  offer("a b");
  pull();
  lose(1);
  EXPECT_EQ(dispatcher().in_flight(), 0U);
  EXPECT_EQ(pull(), "b1");
  EXPECT_TRUE(frame().attempts.empty());
  EXPECT_EQ(pull(), "a0");
  EXPECT_TRUE(frame().attempts.empty());
}

TEST_F(LostWorker, TheEventThatItHadBegunIsBlamed) {
  offer("a b c");
  pull();
  lose(1, {{frame().id, 1}});
  EXPECT_EQ(pull(2), "a0 c2");
  done({}, 2);
  pass(seconds(1));
  EXPECT_EQ(pull(2), "b1");
  EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{2});
}

TEST_F(LostWorker, ASecondOneMakesTheEventADeadLetter) {
  options.delivery.retry.attempts = 100;
  offer("a");
  pull();
  lose(1, {{frame().id, 0}});
  pass(seconds(1));
  pull(2);
  lose(2, {{frame().id, 0}});
  EXPECT_EQ(letters(), std::vector<std::string>{"0/0 worker_killer"});
  EXPECT_EQ(letter(0).retry.worker_kills, 2U);
  EXPECT_EQ(letter(0).retry.history[1].cause, "crash");
  EXPECT_EQ(letter(0).retry.history[1].type, "signal 9");
}

TEST_F(LostWorker, ATimeOutIsAnAttemptAndNoKill) {
  options.delivery.retry.attempts = 3;
  offer("a");
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_TRUE(letters().empty());
    EXPECT_EQ(pull(attempt), "a0");
    lose(attempt, {{frame().id, 0}}, "timeout");
    pass(std::chrono::hours(1));
  }
  EXPECT_EQ(letters(), std::vector<std::string>{"0/0 attempts"});
  EXPECT_EQ(letter(0).retry.worker_kills, 0U);
  EXPECT_EQ(letter(0).retry.history[2].cause, "timeout");
}

TEST_F(LostWorker, WhatTimedOutGoesAlone) {
  offer("a b");
  pull(1);
  lose(1, {{frame().id, 0}}, "timeout");
  EXPECT_EQ(pull(2), "b1");
  offer("c");
  pass(seconds(1));
  EXPECT_EQ(pull(3), "a0");
}

TEST_F(LostWorker, ThatNobodyIsBlamedForIsNarrowedDownToOneEvent) {
  offer("a b c d e");
  std::vector<std::size_t> sizes;
  for (std::uint64_t worker = 1; letters().empty() && worker < 100; ++worker) {
    const std::string events = pull(worker);
    if (events.empty()) {
      pass(seconds(1));
    } else if (events.contains("b1")) {
      sizes.push_back(frame().batch->size());
      lose(worker);
    } else {
      done({}, worker);
    }
  }
  EXPECT_EQ(letters(), std::vector<std::string>{"0/1 worker_killer"});
  EXPECT_EQ(letter(0).retry.attempts, 2U) << "only those that it was alone for";
  ASSERT_GE(sizes.size(), 4U);
  EXPECT_EQ(sizes.front(), 5U);
  for (std::size_t i = 1; i < sizes.size(); ++i) EXPECT_LE(sizes[i], (sizes[i - 1] + 1) / 2);
  EXPECT_EQ(cursor(), "5");
}

TEST_F(LostWorker, SuspectsShareNoFrameWithOthers) {
  offer("k k");
  pull(1);
  lose(1);
  offer("c d");
  EXPECT_EQ(pull(2), "k0");
  EXPECT_EQ(pull(2), "c2 d3");
}

TEST_F(LostWorker, ThatWasAtAnotherBindingsFrameBlamesNobodyHere) {
  limits.events = 1;
  offer("a b");
  EXPECT_EQ(pull(1), "a0");
  lose_at(1, model::first_frame_of(BindingId{4}));
  EXPECT_EQ(dispatcher().totals().failed_attempts, 0U);
  limits.events = 2;
  EXPECT_EQ(pull(2), "a0 b1") << "neither parked nor suspected";
  EXPECT_TRUE(frame().attempts.empty());
  lose_at(2, model::first_frame_of(BindingId{4}));
  EXPECT_EQ(pull(3), "a0 b1") << "not in halves";
}

TEST_F(LostWorker, ThatWasAtNoFrameBlamesNobody) {
  offer("a");
  pull(1);
  lose_at(1, std::nullopt);
  EXPECT_EQ(pull(2), "a0");
  EXPECT_TRUE(frame().attempts.empty());
}

TEST_F(LostWorker, OnlyTheOldestOfItsFramesIsSuspected) {
  limits.events = 2;
  offer("a b c d");
  EXPECT_EQ(pull(1), "a0 b1");
  EXPECT_EQ(pull(1), "c2 d3");
  lose(1);
  limits.events = 4;
  EXPECT_EQ(pull(2), "b1");
  EXPECT_EQ(pull(2), "a0");
  EXPECT_EQ(pull(2), "c2 d3");
}

TEST_F(LostWorker, AnEventThatIsAnsweredIsNoSuspect) {
  offer("a b");
  pull(1);
  lose(1);
  for (std::uint64_t worker : {2, 3}) {
    pull(worker);
    model::FrameResult result = all_done(frame());
    result.not_done.emplace_back();
    finish(std::move(result), {}, worker);
  }
  pass(seconds(1));
  EXPECT_EQ(pull(4), "a0 b1");
}

TEST_F(LostWorker, OneThatTheEngineEndedLeavesNoSuspects) {
  offer("a b");
  pull(1);
  lose(1, {}, "engine");
  EXPECT_EQ(pull(2), "a0 b1");
}

TEST_F(LostWorker, WhatEndedOneGoesAlone) {
  offer("a b");
  pull();
  lose(1, {{frame().id, 0}});
  pull(2);
  done({}, 2);
  offer("c d");
  pass(seconds(1));
  EXPECT_EQ(pull(2), "a0");
  EXPECT_EQ(pull(2), "c2 d3");
}

TEST_F(LostWorker, GoesAloneAlsoBehindOthersThatAreReady) {
  offer("a b c");
  pull();
  // c and a come back, b is due later but ready with them.
  lose(1, {{frame().id, 1}});
  pass(seconds(1));
  EXPECT_EQ(pull(2), "a0 c2");
  EXPECT_EQ(pull(2), "b1");
}

TEST_F(LostWorker, WhatWasAnsweredStays) {
  offer("a b c");
  pull();
  model::FrameResult first;
  first.count = 2;
  finish(std::move(first));
  lose(1, {{frame().id, 1}});
  EXPECT_EQ(cursor(), "2");
  EXPECT_EQ(pull(2), "c2") << "an event that was answered takes no blame";
  EXPECT_TRUE(frame().attempts.empty());
}

TEST_F(LostWorker, EndedByTheEngineBlamesNobody) {
  offer("a");
  pull();
  lose(1, {{frame().id, 0}}, "engine");
  EXPECT_EQ(pull(2), "a0");
  EXPECT_TRUE(frame().attempts.empty());
}

// A call that had several events and failed, for the reason of an unknown one of them.
class FailedTogether : public LostWorker {
 protected:
  void fail_together(std::uint32_t first = 0) {
    model::FrameResult result;
    result.first = first;
    result.count = static_cast<std::uint32_t>(frame().batch->size()) - first;
    result.together = true;
    result.not_done.push_back({first, model::OutcomeCode::retry, "ValueError", "no", "", {}});
    finish(std::move(result));
  }
};

TEST_F(FailedTogether, EventsComeAgainInHalvesUntilOneIsAlone) {
  offer("k k k k");
  EXPECT_EQ(pull(), "k0 k1 k2 k3");
  fail_together();
  EXPECT_EQ(pull(), "k0 k1");
  done();
  EXPECT_EQ(pull(), "k2 k3");
  fail_together();
  EXPECT_EQ(dispatcher().totals().failed_attempts, 0U) << "so far nobody is to blame";
  EXPECT_EQ(pull(), "k2");
  fail_together();
  EXPECT_EQ(dispatcher().totals().failed_attempts, 1U);
  EXPECT_EQ(counts().retrying, 1U);
  EXPECT_EQ(pull(), "") << "the last one waits for it";
  EXPECT_EQ(cursor(), "2");
}

TEST_F(FailedTogether, OnlyTheEventsOfTheCallAreSuspects) {
  offer("k k k");
  pull();
  model::FrameResult result;
  result.count = 1;
  finish(std::move(result));
  fail_together(1);
  offer("d e");
  EXPECT_EQ(pull(), "k1");
  done();
  EXPECT_EQ(pull(), "k2");
  done();
  EXPECT_EQ(pull(), "d3 e4");
}

TEST_F(FailedTogether, SaysSoInOneFailureAndWithoutOutputs) {
  offer("a b");
  pull();
  model::FrameResult result;
  result.count = 2;
  result.together = true;
  EXPECT_FALSE(refuse(result));
  result.not_done.push_back({0, model::OutcomeCode::retry, "", "", "", {}});
  result.not_done.push_back({1, model::OutcomeCode::retry, "", "", "", {}});
  EXPECT_FALSE(refuse(result));
}

TEST_F(LostWorker, AllItsFramesComeBack) {
  limits.events = 1;
  offer("a b c");
  pull(1);
  pull(1);
  pull(2);
  lose(1, {}, "engine");
  EXPECT_EQ(dispatcher().in_flight(), 1U);
  EXPECT_EQ(pull(2), "a0");
  EXPECT_EQ(pull(2), "b1");
}

TEST_F(LostWorker, ItsLateAnswerIsDropped) {
  offer("a");
  pull();
  const model::Frame old = frame();
  lose(1, {}, "engine");
  done(old);
  EXPECT_EQ(dispatcher().totals().late_results, 1U);
  EXPECT_EQ(cursor(), "0");
  EXPECT_EQ(pull(2), "a0");
}

}  // namespace
}  // namespace pelton::dispatch
