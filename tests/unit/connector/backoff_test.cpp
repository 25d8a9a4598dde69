// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/backoff.h"

#include <gtest/gtest.h>

namespace pelton::connector {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToItsMaximumWithinTwentyPercent) {
  Backoff backoff(milliseconds(1'000), milliseconds(4'000), 7);
  for (const int expected : {1'000, 2'000, 4'000, 4'000, 4'000}) {
    const auto delay = backoff.next().count();
    EXPECT_GE(delay, expected * 8 / 10);
    EXPECT_LE(delay, expected * 12 / 10);
  }
}

TEST(Backoff, BeginsAgainAfterASuccess) {
  Backoff backoff(milliseconds(10), milliseconds(10'000), 7);
  for (int i = 0; i < 5; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(12));
}

TEST(Backoff, DifferentSeedsSpread) {
  Backoff one(milliseconds(1'000), milliseconds(60'000), 1);
  Backoff two(milliseconds(1'000), milliseconds(60'000), 2'000'000);
  EXPECT_NE(one.next(), two.next());
}

}  // namespace
}  // namespace pelton::connector
