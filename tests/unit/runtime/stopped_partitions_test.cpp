// SPDX-License-Identifier: Apache-2.0

#include "engine/runtime/stopped_partitions.h"

#include <gtest/gtest.h>

namespace pelton::runtime {
namespace {

constexpr PartitionId kFirst{1}, kSecond{2};
constexpr WallTime kStopped{std::chrono::hours(1000)};

TEST(StoppedPartitionsTest, SaysWhyEachIs) {
  StoppedPartitions stopped;
  EXPECT_EQ(stopped.text(), "");
  stopped.add(kFirst, "one", kStopped);
  stopped.add(kSecond, "two", kStopped);
  EXPECT_EQ(stopped.text(), "one; two");
  EXPECT_EQ(stopped.since(kFirst), kStopped);
  stopped.remove(kFirst);
  EXPECT_EQ(stopped.text(), "two");
  EXPECT_FALSE(stopped.since(kFirst));
}

}  // namespace
}  // namespace pelton::runtime
