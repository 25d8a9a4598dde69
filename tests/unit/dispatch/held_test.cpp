// SPDX-License-Identifier: Apache-2.0
// Results whose outputs go elsewhere first: checked, held, finished later.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

class Held : public DispatcherTest {
 protected:
  Status check(const model::FrameResult& result, std::uint64_t worker = 1) {
    return dispatcher().check(WorkerId{worker}, frame().id, result);
  }
  void hold(std::uint32_t first, std::uint32_t count) {
    dispatcher().hold(WorkerId{1}, frame().id, first, count);
  }
  static model::FrameResult part(std::uint32_t first, std::uint32_t count) {
    model::FrameResult result;
    result.first = first;
    result.count = count;
    return result;
  }
  void release(model::FrameResult result) {
    finish(std::move(result), std::nullopt, model::kHeld.value);
  }
  void release(std::uint32_t first, std::uint32_t count) { release(part(first, count)); }
};

TEST_F(Held, ACheckChangesNothing) {
  offer("a b");
  pull();
  EXPECT_TRUE(check(part(0, 2)));
  EXPECT_EQ(counts().in_flight, 2U);
  EXPECT_EQ(dispatcher().totals().done, 0U);
  EXPECT_TRUE(check(part(0, 2)));
}

TEST_F(Held, ACheckRefusesWhatFinishedWould) {
  offer("a b");
  pull();
  for (const model::FrameResult& wrong : {part(0, 3), part(1, 1), part(0, 0)}) {
    const Status checked = check(wrong);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid);
    EXPECT_EQ(checked.error().message, refuse(wrong).error().message);
  }
  model::FrameResult stray = part(0, 1);
  stray.outputs = batch_of("x y");
  EXPECT_FALSE(check(stray));
}

TEST_F(Held, ACheckTellsLateResults) {
  offer("a");
  pull();
  EXPECT_EQ(check(part(0, 1), 2).error().kind, ErrorKind::cancelled);
  done();
  EXPECT_EQ(check(part(0, 1)).error().kind, ErrorKind::cancelled);
  EXPECT_EQ(dispatcher().totals().late_results, 0U);
}

TEST_F(Held, StaysInFlightUntilFinished) {
  offer("a b");
  pull();
  hold(0, 2);
  EXPECT_EQ(counts().in_flight, 2U);
  EXPECT_FALSE(dispatcher().idle());
  EXPECT_FALSE(dispatcher().idle(PartitionId{0}));
  release(0, 2);
  EXPECT_EQ(cursor(), "2");
  EXPECT_TRUE(dispatcher().idle());
}

TEST_F(Held, KeepsItsLane) {
  limits.events = 1;
  offer("a a");
  pull();
  hold(0, 1);
  EXPECT_EQ(pull(2), "");
  release(0, 1);
  EXPECT_EQ(pull(2), "a1");
}

TEST_F(Held, SurvivesItsWorker) {
  offer("a b c");
  pull();
  hold(0, 2);
  lose(1, {}, "engine");
  EXPECT_EQ(pull(2), "c2");
  const model::Frame again = frame();
  done(again, 2);
  EXPECT_EQ(cursor(), "0 2-3");
  EXPECT_EQ(counts().in_flight, 2U);
}

TEST_F(Held, FinishesAfterItsWorkerIsLost) {
  offer("a b c");
  pull();
  hold(0, 2);
  lose(1);
  release(0, 2);
  EXPECT_EQ(cursor(), "2");
  EXPECT_EQ(counts().in_flight, 0U);
  EXPECT_EQ(dispatcher().totals().late_results, 0U);
}

TEST_F(Held, IsNotToBlameForTheEndOfItsWorker) {
  offer("a b");
  pull();
  hold(0, 1);
  lose(1, std::pair(frame().id, 0U));
  EXPECT_EQ(dispatcher().totals().failed_attempts, 0U);
  release(0, 1);
  EXPECT_EQ(pull(2), "b1");
  EXPECT_TRUE(frame().attempts.empty());
}

TEST_F(Held, TheWorkerAnswersOnBehindIt) {
  offer("a b c");
  pull();
  hold(0, 1);
  EXPECT_FALSE(check(part(0, 1)));
  EXPECT_TRUE(check(part(1, 2)));
  finish(part(1, 2));
  EXPECT_EQ(cursor(), "0 1-3");
  release(0, 1);
  EXPECT_EQ(cursor(), "3");
}

TEST_F(Held, PartsFinishInAnyOrder) {
  offer("a b c");
  pull();
  hold(0, 1);
  hold(1, 1);
  hold(2, 1);
  release(2, 1);
  release(0, 1);
  EXPECT_EQ(cursor(), "1 2-3");
  release(1, 1);
  EXPECT_EQ(cursor(), "3");
  EXPECT_TRUE(dispatcher().idle());
}

TEST_F(Held, OrderOfAKeyHoldsWhenPartsFailOutOfOrder) {
  limits.events = 2;
  offer("a a a");
  pull();
  hold(0, 1);
  hold(1, 1);
  model::FrameResult second = part(1, 1);
  second.not_done.push_back({1, model::OutcomeCode::retry, "Timeout", "", "", std::nullopt, false});
  model::FrameResult first = part(0, 1);
  first.not_done.push_back({0, model::OutcomeCode::retry, "Timeout", "", "", std::nullopt, false});
  release(std::move(second));
  EXPECT_EQ(pull(2), "");
  release(std::move(first));
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(2), "a0 a1");
}

TEST_F(Held, MayEndAsFailed) {
  offer("a b");
  pull();
  hold(0, 2);
  model::FrameResult result = part(0, 2);
  result.not_done.push_back(
      {1, model::OutcomeCode::fail, "TooLarge", "no", "", std::nullopt, true});
  release(std::move(result));
  EXPECT_EQ(cursor(), "2");
  EXPECT_EQ(letters(), std::vector<std::string>{"0/1 failed"});
  EXPECT_EQ(letter(0).retry.history.front().worker, "charge-1");
}

TEST_F(Held, IsFinishedOnce) {
  offer("a b");
  pull();
  hold(0, 1);
  release(0, 1);
  release(0, 1);
  EXPECT_EQ(dispatcher().totals().late_results, 1U);
  EXPECT_EQ(dispatcher().totals().done, 1U);
}

TEST_F(Held, NeedsTheSameExtent) {
  offer("a b c");
  pull();
  hold(0, 2);
  const Status wrong = dispatcher().check(model::kHeld, frame().id, part(0, 1));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::invalid);
}

TEST_F(Held, IsFencedWithItsPartition) {
  offer("a");
  pull();
  hold(0, 1);
  dispatcher().revoke(PartitionId{0});
  EXPECT_EQ(dispatcher().in_flight(), 0U);
  dispatcher().assign(PartitionId{0}, {});
  release(0, 1);
  EXPECT_EQ(dispatcher().totals().late_results, 1U);
  EXPECT_EQ(cursor(), "0");
}

TEST_F(Held, AReplaySurvivesItsWorker) {
  options.delivery.retry.attempts = 1;
  offer("a");
  pull();
  fail({0}, model::OutcomeCode::fail);
  ASSERT_TRUE(replay(letter(0)));
  ASSERT_EQ(pull(), "a0");
  hold(0, 1);
  lose(1, std::pair(frame().id, 0U));
  EXPECT_EQ(pull(2), "");
  release(0, 1);
  EXPECT_TRUE(letters().empty());
  EXPECT_TRUE(dispatcher().idle());
}

}  // namespace
}  // namespace pelton::dispatch
