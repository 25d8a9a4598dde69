// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_output.h"

#include "engine/model/batch_builder.h"

#include <gmock/gmock.h>

namespace pelton::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

model::BatchPtr outputs(std::initializer_list<const char*> values) {
  model::BatchBuilder builder;
  for (const char* value : values) {
    model::EventView event;
    event.data = value;
    builder.add(event);
  }
  return builder.finish();
}

kafka::Refused refused(std::uint32_t index, ErrorKind kind = ErrorKind::invalid) {
  return {index, {kind, "E6106", "too large"}, "MSG_SIZE_TOO_LARGE"};
}

std::vector<std::string> left(const model::FrameResult& result) {
  std::vector<std::string> values;
  for (std::size_t i = 0; result.outputs && i < result.outputs->size(); ++i)
    values.emplace_back(result.outputs->data(i));
  return values;
}

// Events 4 to 6 of a frame, an output each.
struct Refusals : ::testing::Test {
  model::FrameResult result;
  Refusals() {
    result.first = 4;
    result.count = 3;
    result.outputs = outputs({"a", "b", "c"});
  }
};

TEST_F(Refusals, WithoutAnyNothingChanges) {
  fail_refused(result, {});
  EXPECT_THAT(left(result), ElementsAre("a", "b", "c"));
  EXPECT_THAT(result.not_done, IsEmpty());
  EXPECT_THAT(result.output_parents, IsEmpty());
}

TEST_F(Refusals, TheEventOfARefusedOutputFails) {
  fail_refused(result, {refused(1)});
  EXPECT_THAT(left(result), ElementsAre("a", "c"));
  EXPECT_THAT(result.output_parents, ElementsAre(4, 6));
  ASSERT_EQ(result.not_done.size(), 1U);
  EXPECT_EQ(result.not_done[0].index, 5U);
  EXPECT_EQ(result.not_done[0].code, model::OutcomeCode::fail);
  EXPECT_EQ(result.not_done[0].type, "MSG_SIZE_TOO_LARGE");
  EXPECT_TRUE(result.not_done[0].counts);
}

TEST_F(Refusals, WhatIsNotTheRecordsFaultCostsNoAttempt) {
  fail_refused(result, {refused(0, ErrorKind::unavailable)});
  ASSERT_EQ(result.not_done.size(), 1U);
  EXPECT_EQ(result.not_done[0].code, model::OutcomeCode::retry);
  EXPECT_FALSE(result.not_done[0].counts);
}

TEST_F(Refusals, TheOtherOutputsOfAnEventThatFailsAreDropped) {
  result.output_parents = {4, 4, 6};
  fail_refused(result, {refused(1)});
  EXPECT_THAT(left(result), ElementsAre("c"));
  EXPECT_THAT(result.output_parents, ElementsAre(6));
  ASSERT_EQ(result.not_done.size(), 1U) << "once, however many outputs";
  EXPECT_EQ(result.not_done[0].index, 4U);
}

TEST_F(Refusals, FailuresStayInTheOrderOfTheEvents) {
  result.count = 4;
  model::Failure own;
  own.index = 6;
  own.type = "ValueError";
  result.not_done = {own};
  result.output_parents = {4, 5, 7};
  fail_refused(result, {refused(0), refused(2)});
  std::vector<std::uint32_t> failed;
  for (const model::Failure& failure : result.not_done) failed.push_back(failure.index);
  EXPECT_THAT(failed, ElementsAre(4, 6, 7));
  EXPECT_EQ(result.not_done[1].type, "ValueError");
}

TEST_F(Refusals, WithoutAnyOutputLeftThereIsNoBatch) {
  fail_refused(result, {refused(0), refused(1), refused(2)});
  EXPECT_EQ(result.outputs, nullptr);
  EXPECT_THAT(result.output_parents, IsEmpty());
  EXPECT_EQ(result.not_done.size(), 3U);
}

}  // namespace
}  // namespace pelton::stream
