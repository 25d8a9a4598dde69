// SPDX-License-Identifier: Apache-2.0
#include "engine/base/run_clock.h"

#include <gtest/gtest.h>

namespace pelton {
namespace {

using namespace std::chrono_literals;

// A machine whose wall clock somebody sets.
class RunTimeTest : public ::testing::Test {
 protected:
  static constexpr WallTime kStart{std::chrono::hours(24 * 365 * 50)};

  WallTime after(Duration ran) {
    steady_ += ran;
    wall_ += ran;
    return time_.advance(steady_, wall_);
  }
  // In steps as an engine that asks often.
  WallTime ran_for(Duration whole) {
    WallTime now{};
    for (Duration done{0}; done < whole; done += 1s) now = after(1s);
    return now;
  }

  Duration steady_ = 5h;
  WallTime wall_ = kStart;
  RunTime time_{steady_, wall_};
};

TEST_F(RunTimeTest, IsTheWallTimeWhileThatRuns) {
  EXPECT_EQ(after(1500ms), kStart + 1500ms);
  EXPECT_EQ(time_.difference(), 0s);
}

TEST_F(RunTimeTest, ABackwardStepStallsNothing) {
  after(10s);
  wall_ -= 1h;
  EXPECT_EQ(after(5s), kStart + 15s);
  EXPECT_EQ(time_.difference(), -1h);
  wall_ += 1h;
  EXPECT_EQ(after(5s), kStart + 20s);
  EXPECT_EQ(time_.difference(), 0s);
}

TEST_F(RunTimeTest, AForwardStepForAWhileExpiresNothing) {
  wall_ += std::chrono::days(8);
  EXPECT_EQ(ran_for(7s), kStart + 7s);
  wall_ -= std::chrono::days(8);
  EXPECT_EQ(after(1s), kStart + 8s);
}

TEST_F(RunTimeTest, ASmallStepIsFollowedButNeverBackwards) {
  wall_ += 900ms;
  EXPECT_EQ(after(1s), wall_);
  const WallTime before = after(1s);
  wall_ -= 900ms;
  EXPECT_GT(after(100ms), before);
  EXPECT_EQ(after(2s), wall_);
}

TEST_F(RunTimeTest, ALastingForwardStepIsTheTime) {
  wall_ += std::chrono::days(20'000);  // a device without a battery learns the time
  EXPECT_EQ(ran_for(RunTime::kLasting), kStart + RunTime::kLasting);
  EXPECT_EQ(after(1s), wall_);
  EXPECT_EQ(time_.difference(), 0s);
}

TEST_F(RunTimeTest, ALastingBackwardStepIsMetAtHalfSpeed) {
  wall_ -= 1h;
  ran_for(RunTime::kLasting);
  WallTime last = after(1s);
  for (int seconds = 0; seconds < 2 * 3600; ++seconds) {
    const WallTime now = after(1s);
    ASSERT_GE(now, last) << "never back";
    ASSERT_GE(now - last, 500ms - 1us) << "and never at rest";
    last = now;
  }
  EXPECT_NEAR(static_cast<double>((last - wall_).count()), 0, 1e6);
}

TEST_F(RunTimeTest, AShortDifferenceDoesNotCountTowardsTheNext) {
  wall_ += 1h;
  ran_for(RunTime::kLasting - 5s);
  wall_ -= 1h;
  after(1s);
  wall_ += 1h;
  const WallTime now = ran_for(10s);
  EXPECT_EQ(time_.difference(), 1h);
  EXPECT_EQ(now + 1h, wall_);
}

}  // namespace
}  // namespace pelton
