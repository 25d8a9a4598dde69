// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/filter_watch.h"

#include <gtest/gtest.h>

namespace pelton::dispatch {
namespace {

constexpr WallTime kStart{std::chrono::hours(24)};

TEST(FilterWatch, ManyEventsOfWhichNonePassesAreSuspicious) {
  FilterWatch watch;
  EXPECT_FALSE(watch.suspicious(FilterWatch::kEvents - 1, 0, kStart));
  EXPECT_TRUE(watch.suspicious(FilterWatch::kEvents, 0, kStart));
}

TEST(FilterWatch, SoAreFewOverALongTime) {
  FilterWatch watch;
  EXPECT_FALSE(watch.suspicious(1, 0, kStart));
  EXPECT_TRUE(watch.suspicious(2, 0, kStart + FilterWatch::kTime));
}

TEST(FilterWatch, ItIsSaidOnceInAWhile) {
  FilterWatch watch;
  EXPECT_TRUE(watch.suspicious(5'000, 0, kStart));
  EXPECT_FALSE(watch.suspicious(50'000, 0, kStart + FilterWatch::kPause - Duration{1}));
  EXPECT_TRUE(watch.suspicious(60'000, 0, kStart + FilterWatch::kPause));
}

TEST(FilterWatch, OneEventThatPassesClearsTheFilter) {
  FilterWatch watch;
  EXPECT_FALSE(watch.suspicious(1'000'000, 1, kStart));
  EXPECT_FALSE(watch.suspicious(0, 0, kStart + FilterWatch::kTime));
}

}  // namespace
}  // namespace pelton::dispatch
