// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/runtime/binding_fixture.h"

namespace pelton::runtime {
namespace {

using BindingOutputs = BindingRunnerTest;

TEST_F(BindingOutputs, AnEventIsSettledOnceItsOutputsAreInTheirTopic) {
  begin(true);
  input->append(batch({"a"}));
  run();
  finish(batch({"out"}));
  run();
  ASSERT_EQ(output->sent.size(), 1U);
  EXPECT_EQ(output->sent.front().partition, kPartition);
  EXPECT_EQ(input->cursor, 0);
  output->finish();
  run();
  EXPECT_EQ(input->cursor, 1);
}

TEST_F(BindingOutputs, AnUnknownStreamIsAFailureOfItsEvent) {
  to = {{"out", StreamId{9}, 1}, {"alerts", {}, 0}};
  begin(true);
  input->append(batch({"a", "b"}));
  run();
  finish(batch({"x"}), "elsewhere");
  finish(batch({"y"}), "alerts");
  run();
  ASSERT_EQ(output->sent.size(), 1U) << "nothing is sent of the one that fails";
  EXPECT_EQ(output->sent.front().result.outputs->data(0), "y");
  EXPECT_EQ(runner->dispatcher().totals().failed_attempts, 1U);
}

TEST_F(BindingOutputs, WithoutStreamsAnyNameIsDiscarded) {
  begin();
  input->append(batch({"a"}));
  run();
  testing::internal::CaptureStderr();
  finish(batch({"x"}), "elsewhere");
  run();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("they are discarded"), std::string::npos);
  EXPECT_EQ(input->cursor, 1);
}

TEST_F(BindingOutputs, AResultWithoutOutputsIsSettledAtOnce) {
  begin(true);
  input->append(batch({"a"}));
  run();
  finish();
  run();
  EXPECT_TRUE(output->sent.empty());
  EXPECT_EQ(input->cursor, 1);
}

TEST_F(BindingOutputs, AnOutputHearsWhenTheInputHasWhatWasSettled) {
  begin(true);
  input->hold_answers = true;
  input->append(batch({"a"}));
  run();
  finish(batch({"out"}));
  run();
  const int before = input->settlements;
  output->finish();
  EXPECT_EQ(input->settlements, before) << "the turn is still to come";
  EXPECT_FALSE(output->settlements_seen);
  run();
  EXPECT_EQ(output->settlements_seen, before + 1) << "whether or not it is durable";
}

TEST_F(BindingOutputs, WorkersGetNothingWhileTheOutputIsFull) {
  begin(true);
  output->has_room = false;
  input->append(batch({"a"}));
  run();
  EXPECT_TRUE(taken.empty());
  EXPECT_EQ(runner->trouble().what, "brokers are away");
  output->has_room = true;
  runner->wake();
  run();
  EXPECT_EQ(taken.size(), 1U);
}

TEST_F(BindingOutputs, OutputsOfAPartitionThatHasGoneAreNotWaitedFor) {
  begin(true);
  input->append(batch({"a"}));
  run();
  finish(batch({"out"}));
  input->lose();
  run();
  ASSERT_EQ(output->sent.size(), 1U);
  EXPECT_FALSE(output->sent.front().live(output->sent.front().result));
}

}  // namespace
}  // namespace pelton::runtime
