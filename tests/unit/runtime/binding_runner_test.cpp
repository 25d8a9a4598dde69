// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/runtime/binding_fixture.h"

namespace pelton::runtime {
namespace {

TEST_F(BindingRunnerTest, EventsPassThrough) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  ASSERT_EQ(taken.size(), 2U) << "as much as the window has";
  finish();
  finish();
  run();
  EXPECT_EQ(input->cursor, 2);
  ASSERT_EQ(taken.size(), 1U) << "what was settled makes room";
}

TEST_F(BindingRunnerTest, OutputsThatGoNowhereAreWarnedAboutOnce) {
  begin();
  input->append(batch({"a", "b"}));
  run();
  testing::internal::CaptureStderr();
  finish(batch({"x"}));
  finish(batch({"y"}));
  run();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("they are discarded"), std::string::npos);
  EXPECT_EQ(std::ranges::count(log, '\n'), 1);
  EXPECT_EQ(input->cursor, 2) << "the events are done all the same";
  EXPECT_EQ(runner->dispatcher().totals().outputs, 2U);
}

// An input that answers within the call, and a worker that takes work wherever it is asked: neither
// is called within a call of its own, however long the chain is.
TEST_F(BindingRunnerTest, NobodyIsCalledWithinACallOfHis) {
  begin();
  on_work = [this] {
    work();
    while (!taken.empty()) finish();
  };
  input->append(batch(std::vector<std::string>(1000, "x")));
  run();
  EXPECT_EQ(input->cursor, 1000);
  EXPECT_TRUE(runner->dispatcher().idle());
}

TEST_F(BindingRunnerTest, ARunOfChangesWakesWorkersOnce) {
  begin();
  on_work = [] {};
  for (int i = 0; i < 20; ++i) input->append(batch({"x"}));
  EXPECT_EQ(woken, 0);
  run();
  EXPECT_EQ(woken, 1);
  runner->wake();
  run();
  EXPECT_EQ(woken, 2) << "there is still work";
}

TEST_F(BindingRunnerTest, NobodyIsWokenForNothing) {
  begin();
  runner->wake();
  run();
  EXPECT_EQ(woken, 0);
}

TEST_F(BindingRunnerTest, ATurnThatIsPostedSurvivesItsRunner) {
  begin();
  runner->wake();
  runner.reset();
  run();
}

TEST_F(BindingRunnerTest, APausedOneGivesNothingUntilItIsResumed) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  ASSERT_EQ(taken.size(), 2U);
  runner->hold(Hold::paused, true);
  finish();
  finish();
  run();
  EXPECT_EQ(input->cursor, 2) << "what workers had is settled";
  EXPECT_TRUE(taken.empty());
  EXPECT_TRUE(runner->setup().paused);
  runner->hold(Hold::paused, false);
  run();
  EXPECT_EQ(taken.size(), 1U);
}

TEST_F(BindingRunnerTest, ARevokeWaitsUntilAllIsDurable) {
  begin();
  input->hold_answers = true;
  input->append(batch({"a"}));
  run();
  input->revoke();
  run();
  EXPECT_EQ(input->drained_said, 0);
  finish();
  run();
  EXPECT_EQ(input->drained_said, 0) << "not durable yet";
  input->answer();
  run();
  EXPECT_EQ(input->drained_said, 1);
}

TEST_F(BindingRunnerTest, ASeekWaitsForWorkers) {
  begin();
  input->append(batch({"a", "b"}));
  run();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_FALSE(seek(0)) << "workers have both";
  finish();
  run();
  EXPECT_FALSE(sought);
  EXPECT_EQ(taken.size(), 1U) << "nothing new is given";
  finish();
  run();
  ASSERT_TRUE(sought);
  EXPECT_TRUE(*sought) << sought->error().text();
  EXPECT_EQ(taken.size(), 2U) << "both again";
}

TEST_F(BindingRunnerTest, ASeekIsRefusedWhenWorkersDoNotFinish) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  EXPECT_FALSE(seek(0));
  clock.advance(std::chrono::seconds(11));
  runner->wake();
  run();
  ASSERT_TRUE(sought);
  EXPECT_EQ(sought->error().code, "E5023");
  finish();
  run();
  EXPECT_EQ(taken.size(), 2U) << "the partition is served as before";
}

TEST_F(BindingRunnerTest, TwoSeeksAtOnceAreOneTooMany) {
  begin();
  input->append(batch({"a"}));
  run();
  std::optional<Status> first;
  runner->seek(kPartition, 0, [&](Status status) { first = std::move(status); });
  EXPECT_EQ(seek(0)->error().code, "E5023");
  EXPECT_FALSE(first);
  finish();
  run();
  ASSERT_TRUE(first);
  EXPECT_TRUE(*first);
}

TEST_F(BindingRunnerTest, ARevokeEndsASeek) {
  begin();
  input->append(batch({"a"}));
  run();
  EXPECT_FALSE(seek(0));
  input->revoke();
  run();
  ASSERT_TRUE(sought);
  EXPECT_EQ(sought->error().code, "E5022");
  finish();
  run();
  EXPECT_EQ(input->drained_said, 1);
}

TEST_F(BindingRunnerTest, ADrainedBindingGivesNothingUntilThatIsTakenBack) {
  begin();
  runner->hold(Hold::ending);
  input->append(batch({"a"}));
  run();
  EXPECT_TRUE(taken.empty());
  runner->hold(Hold::ending, false);
  run();
  EXPECT_EQ(taken.size(), 1U);
}

TEST_F(BindingRunnerTest, TheViewOfAPartitionHasItsLag) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  finish();
  run();
  const auto view = runner->view(kPartition);
  EXPECT_EQ(view.counts.cursor, 1);
  EXPECT_EQ(view.end, 3);
  EXPECT_EQ(view.counts.in_flight, 2U) << "the window is two events";
}

TEST_F(BindingRunnerTest, AStoppedPartitionIsNamedUntilItGoes) {
  begin();
  input->stop_partition({ErrorKind::corrupt, "E6108", "its offset is gone"});
  EXPECT_EQ(runner->stopped(), "partition 0 of s is stopped: E6108: its offset is gone");
  EXPECT_EQ(runner->view(kPartition).oldest, clock.now()) << "since then";
  input->lose();
  EXPECT_EQ(runner->stopped(), "");
}

TEST_F(BindingRunnerTest, WhatALostWorkerHadIsDeliveredAgain) {
  begin();
  input->append(batch({"a"}));
  run();
  ASSERT_EQ(taken.size(), 1U);
  model::WorkerLoss loss;
  loss.cause = "engine";
  runner->lost(WorkerId{1}, loss);
  run();
  EXPECT_EQ(taken.size(), 2U);
  EXPECT_EQ(input->cursor, 0);
}

}  // namespace
}  // namespace pelton::runtime
