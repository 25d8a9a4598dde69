// SPDX-License-Identifier: Apache-2.0
// Results: what they commit, and which are refused.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

class Results : public DispatcherTest {
 protected:
  void give(std::string_view words) {
    offer(words);
    pull();
  }
};

TEST_F(Results, SettleTheirEventsInOneCommit) {
  options.outputs = {{"out", StreamId{2}, 1}};
  give("a b");
  const std::size_t before = transactions().size();
  finish(outputs(frame(), "x:1 x:2", {}));
  ASSERT_EQ(transactions().size(), before + 1);
  EXPECT_EQ(transactions().back().appends.size(), 1U);
  EXPECT_EQ(transactions().back().progress.size(), 1U);
  EXPECT_EQ(stored_outputs(), "1 2");
  EXPECT_EQ(cursor(), "2");
  EXPECT_EQ(dispatcher().totals().outputs, 2U);
}

TEST_F(Results, OutOfOrderLeaveRanges) {
  limits.events = 1;
  offer("a b c d");
  std::vector<model::Frame> frames;
  while (!pull().empty()) frames.push_back(frame());
  done(frames[1]);
  EXPECT_EQ(cursor(), "0 1-2");
  done(frames[3]);
  EXPECT_EQ(cursor(), "0 1-2 3-4");
  done(frames[0]);
  EXPECT_EQ(cursor(), "2 3-4");
  done(frames[2]);
  EXPECT_EQ(cursor(), "4");
}

TEST_F(Results, OfARangeBeyondTheCursorAreNotAskedForAgain) {
  limits.events = 1;
  offer("a b c");
  pull();
  pull();
  done();
  restart();
  limits.events = 10;
  EXPECT_EQ(pull(), "a0 c2");
}

TEST_F(Results, OutputsGoToThePartitionOfTheirKey) {
  options.outputs = {{"out", StreamId{2}, 3}};
  give("a");
  finish(outputs(frame(), "k1 k2 k3 k4", {0, 0, 0, 0}));
  for (const auto& append : transactions().back().appends)
    for (std::size_t i = 0; i < append.batch->size(); ++i)
      EXPECT_EQ(kafka_partition(append.batch->key(i), 3), append.to.partition.value);
}

TEST_F(Results, KeylessOutputsTakeTurns) {
  options.outputs = {{"out", StreamId{2}, 2}};
  for (int i = 0; i < 2; ++i) {
    give("a");
    finish(outputs(frame(), "-", {0}));
  }
  EXPECT_EQ(stored_outputs(0), "-0");
  EXPECT_EQ(stored_outputs(1), "-0");
}

TEST_F(Results, OutputsWithoutATargetAreDropped) {
  give("a");
  finish(outputs(frame(), "x", {0}));
  EXPECT_TRUE(transactions().back().appends.empty());
}

TEST_F(Results, OfAnotherWorkerOrOfNoFrameAreLate) {
  give("a");
  done({}, 9);
  model::Frame unknown = frame();
  unknown.id = FrameId{frame().id.value + 1};
  done(unknown);
  EXPECT_EQ(dispatcher().totals().late_results, 2U);
  EXPECT_EQ(dispatcher().in_flight(), 1U);
}

TEST_F(Results, AnsweredTwiceCountOnce) {
  give("a");
  done();
  done();
  EXPECT_EQ(dispatcher().totals().late_results, 1U);
  EXPECT_EQ(dispatcher().totals().done, 1U);
}

class Contradictions : public Results {
 protected:
  void SetUp() override { give("a b c"); }
  void expect_refused(model::FrameResult result) {
    auto taken = refuse(std::move(result));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::invalid);
    EXPECT_EQ(taken.error().code, "E3004");
    EXPECT_EQ(dispatcher().in_flight(), 3U) << "nothing was changed";
  }
  model::FrameResult part(std::uint32_t first, std::uint32_t count) {
    model::FrameResult result;
    result.first = first;
    result.count = count;
    return result;
  }
  static model::Failure failure(std::uint32_t index) {
    return {index, model::OutcomeCode::retry, "", "", "", {}, true};
  }
};

TEST_F(Contradictions, MoreEventsThanTheFrameHas) {
  expect_refused(part(0, 4));
}
TEST_F(Contradictions, AGapBeforeIt) {
  expect_refused(part(1, 1));
}
TEST_F(Contradictions, Nothing) {
  expect_refused(part(0, 0));
}
TEST_F(Contradictions, ACountThatOverflows) {
  expect_refused(part(0, UINT32_MAX));
}

TEST_F(Contradictions, FailuresOutOfItsRange) {
  model::FrameResult result = part(0, 2);
  result.not_done = {failure(2)};
  expect_refused(result);
}

TEST_F(Contradictions, FailuresNotAscending) {
  model::FrameResult result = part(0, 3);
  result.not_done = {failure(1), failure(1)};
  expect_refused(result);
}

TEST_F(Contradictions, AFailureThatIsDone) {
  model::FrameResult result = part(0, 3);
  result.not_done = {{0, model::OutcomeCode::done, "", "", "", {}, true}};
  expect_refused(result);
}

TEST_F(Contradictions, OutputsOfAnEventThatFailed) {
  model::FrameResult result = outputs(frame(), "x", {1});
  result.not_done = {failure(1)};
  expect_refused(result);
}

TEST_F(Contradictions, OutputsOfAnEventOutsideIt) {
  expect_refused(outputs(frame(), "x", {3}));
}
TEST_F(Contradictions, OutputParentsNotAscending) {
  expect_refused(outputs(frame(), "x y", {1, 0}));
}
TEST_F(Contradictions, FewerParentsThanOutputs) {
  expect_refused(outputs(frame(), "x y", {1}));
}
TEST_F(Contradictions, NoParentsForAnotherNumberOfOutputs) {
  expect_refused(outputs(frame(), "x y", {}));
}

TEST_F(Contradictions, LeaveTheFrameOpenForAGoodAnswer) {
  expect_refused(part(0, 4));
  done();
  EXPECT_EQ(cursor(), "3");
}

}  // namespace
}  // namespace pelton::dispatch
