// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/frame_sizer.h"

#include <gtest/gtest.h>

namespace pelton::worker {
namespace {

TEST(FrameSizer, FollowsTheTimeOfAnEvent) {
  FrameSizer sizer;
  EXPECT_EQ(sizer.limits().events, 1U);
  sizer.measured(1, std::chrono::milliseconds(100));
  EXPECT_TRUE(sizer.slow());
  for (int i = 0; i < 40; ++i)
    sizer.measured(sizer.limits().events, std::chrono::microseconds(sizer.limits().events));
  EXPECT_GT(sizer.limits().events, 4'000U);
  EXPECT_FALSE(sizer.slow());
  for (int i = 0; i < 10; ++i) sizer.measured(1, std::chrono::seconds(1));
  EXPECT_TRUE(sizer.slow());
}

TEST(FrameSizer, SlowFunctionsGetOneEventAtATime) {
  FrameSizer sizer;
  for (int i = 0; i < 40; ++i)
    sizer.measured(sizer.limits().events, sizer.limits().events * std::chrono::microseconds(1'500));
  EXPECT_EQ(sizer.limits().events, 1U);
  EXPECT_TRUE(sizer.slow());
  FrameSizer whole;
  whole.take_frames_whole(std::chrono::seconds(30));
  for (int i = 0; i < 40; ++i)
    whole.measured(whole.limits().events, whole.limits().events * std::chrono::microseconds(1'500));
  EXPECT_EQ(whole.limits().events, 5'000U);
}

}  // namespace
}  // namespace pelton::worker
