// SPDX-License-Identifier: Apache-2.0
#include "engine/base/histogram.h"

#include <gtest/gtest.h>

namespace pelton {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, ABoundBelongsToItsBucket) {
  Histogram histogram;
  histogram.add(1ms);
  histogram.add(1ms + 1ns);
  histogram.add(0ns);
  histogram.add(-5s);  // a clock's fault is no length
  histogram.add(2h);
  const HistogramCounts counts = histogram.counts();
  EXPECT_EQ(kHistogramBounds[2], 0.001);
  EXPECT_EQ(counts.buckets[0], 2U);
  EXPECT_EQ(counts.buckets[2], 1U);
  EXPECT_EQ(counts.buckets[3], 1U);
  EXPECT_EQ(counts.buckets.back(), 1U);
  EXPECT_NEAR(counts.sum_seconds, 7200.002, 1e-6);
}

TEST(Histogram, ManyOfOneLengthAreOneCall) {
  Histogram histogram;
  histogram.add(20ms, 500);
  EXPECT_EQ(histogram.counts().buckets[6], 500U);
  EXPECT_NEAR(histogram.counts().sum_seconds, 10, 1e-9);
}

}  // namespace
}  // namespace pelton
