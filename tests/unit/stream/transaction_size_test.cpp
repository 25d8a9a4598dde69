// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/transaction_size.h"

#include <gtest/gtest.h>

namespace pelton::stream {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMiB = 1U << 20;

struct Size : testing::Test {
  TransactionSize size{64 * kMiB, 9s};

  // Writes as much as is allowed of what waits; false: it took longer than the brokers allow.
  bool write(std::size_t waiting, std::size_t bytes_per_second) {
    const std::size_t bytes = std::max<std::size_t>(1, std::min(waiting, size.limit()));
    const auto took = std::chrono::microseconds(bytes * 1'000'000 / bytes_per_second);
    if (took >= 9s)
      size.timed_out(bytes);
    else
      size.written(bytes, took);
    return took < 9s;
  }
  int attempts(std::size_t bytes_per_second) {
    int attempts = 1;
    while (!write(64 * kMiB, bytes_per_second)) ++attempts;
    return attempts;
  }
};

TEST_F(Size, AFastPathSoonHasTheLargest) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(write(64 * kMiB, 200 * kMiB));
  EXPECT_EQ(size.limit(), 64 * kMiB);
}

TEST_F(Size, ASlowPathGetsOneThroughAndThenEach) {
  for (const std::size_t rate : {1'000'000, 100'000, 10'000, 1'000}) {
    EXPECT_LE(attempts(rate), 9) << rate;
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(write(64 * kMiB, rate)) << rate;
    EXPECT_NEAR(static_cast<double>(size.limit()), 3.0 * static_cast<double>(rate),
                0.02 * static_cast<double>(rate));
  }
}

TEST_F(Size, APathThatBecomesSlowShrinksIt) {
  for (int i = 0; i < 6; ++i) write(64 * kMiB, 200 * kMiB);
  EXPECT_LE(attempts(kMiB), 5);
}

TEST_F(Size, SmallTransactionsDoNotShrinkIt) {
  for (int i = 0; i < 6; ++i) write(64 * kMiB, 200 * kMiB);
  for (int i = 0; i < 100; ++i) size.written(1'000, 5ms);
  EXPECT_EQ(size.limit(), 64 * kMiB);
}

}  // namespace
}  // namespace pelton::stream
