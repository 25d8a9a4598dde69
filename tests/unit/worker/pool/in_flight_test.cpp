// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/in_flight.h"

#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

namespace pelton::worker {
namespace {

model::Frame frame(std::uint64_t id, std::size_t events) {
  model::BatchBuilder builder;
  for (std::size_t i = 0; i < events; ++i) builder.add(model::EventView{});
  model::Frame frame;
  frame.id = FrameId{id};
  frame.stream = "s";
  frame.partition = PartitionId{3};
  frame.base = 40;
  frame.batch = builder.finish();
  return frame;
}

class InFlightTest : public ::testing::Test {
 protected:
  InFlightTest() {
    frames.add(frame(7, 3), 0);
    frames.add(frame(8, 2), 1);
  }
  // The event to blame as "frame:index"; empty: none.
  std::string blamed(std::vector<Invocation> begun) const {
    const auto one = frames.unanswered(begun);
    return one ? fmt::format("{}:{}", one->frame.value, one->index) : "";
  }
  InFlight frames;
};

TEST_F(InFlightTest, AFrameGoesWithItsLastAnswer) {
  EXPECT_FALSE(frames.cover(FrameId{7}, 2));
  EXPECT_EQ(frames.size(), 2U);
  EXPECT_TRUE(frames.cover(FrameId{7}, 1));
  EXPECT_EQ(frames.source_of(FrameId{7}), std::nullopt);
  EXPECT_EQ(frames.source_of(FrameId{8}), 1U);
  EXPECT_EQ(frames.sources(), std::vector<std::size_t>{1});
  EXPECT_FALSE(frames.cover(FrameId{99}, 1)) << "not its frame";
}

TEST_F(InFlightTest, OnlyAnEventWithoutAnAnswerIsToBlame) {
  EXPECT_EQ(blamed({{FrameId{7}, 1, {}}}), "7:1");
  frames.cover(FrameId{7}, 2);
  EXPECT_EQ(blamed({{FrameId{7}, 1, {}}}), "") << "it was answered";
  EXPECT_EQ(blamed({{FrameId{7}, 1, {}}, {FrameId{8}, 0, {}}}), "8:0");
}

TEST_F(InFlightTest, WhatAWorkerMakesUpIsNotToBlame) {
  EXPECT_EQ(blamed({}), "");
  EXPECT_EQ(blamed({{FrameId{99}, 0, {}}}), "");
  EXPECT_EQ(blamed({{FrameId{7}, 3, {}}}), "") << "there are three";
}

TEST_F(InFlightTest, OfACallWithSeveralEventsOneWithoutAnAnswerIsEnough) {
  frames.cover(FrameId{7}, 2);
  EXPECT_EQ(blamed({{FrameId{7}, 0, {}, 3}}), "7:0");
  EXPECT_EQ(blamed({{FrameId{7}, 0, {}, 2}}), "");
}

TEST_F(InFlightTest, AFrameEndsBeforeWhatIsGivenBack) {
  EXPECT_EQ(frames.unanswered_events(), 5U);
  EXPECT_FALSE(frames.cut({FrameId{7}, 2}));
  EXPECT_EQ(frames.unanswered_events(), 4U);
  EXPECT_EQ(blamed({{FrameId{7}, 2, {}}}), "") << "it is not the worker's any more";
  EXPECT_TRUE(frames.cover(FrameId{7}, 2));
  EXPECT_TRUE(frames.cut({FrameId{8}, 0})) << "nothing of it is left";
  EXPECT_TRUE(frames.empty());
  EXPECT_FALSE(frames.cut({FrameId{99}, 0}));
}

TEST_F(InFlightTest, WhatIsAnsweredCannotBeGivenBack) {
  frames.cover(FrameId{7}, 2);
  EXPECT_TRUE(frames.cut({FrameId{7}, 1}));
  EXPECT_EQ(frames.size(), 1U);
}

TEST_F(InFlightTest, ItsHeadIsTheOldestThatIsNotAnswered) {
  EXPECT_EQ(frames.head(), FrameId{7});
  frames.cover(FrameId{7}, 2);
  EXPECT_EQ(frames.head(), FrameId{7});
  frames.cover(FrameId{7}, 1);
  EXPECT_EQ(frames.head(), FrameId{8});
  frames.cover(FrameId{8}, 2);
  EXPECT_EQ(frames.head(), std::nullopt);
}

TEST_F(InFlightTest, NamesThePlaceOfAnEvent) {
  EXPECT_EQ(frames.place({FrameId{7}, 2, {}}), "s/3/42");
  EXPECT_EQ(frames.place({FrameId{7}, 3, {}}), "");
  EXPECT_EQ(frames.place({FrameId{9}, 0, {}}), "");
}

}  // namespace
}  // namespace pelton::worker
