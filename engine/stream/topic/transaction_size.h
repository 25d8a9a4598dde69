// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <algorithm>
#include <cstddef>

namespace pelton::stream {

// How many bytes the next transaction may have, so that it is written in a third of the time after
// which the brokers abort it: by the rate of those before, and half as many after one that took too
// long. Pure.
class TransactionSize {
 public:
  TransactionSize(std::size_t most, Duration timeout) : most_(most), target_(timeout / 3) {}

  // A single result is always allowed.
  std::size_t limit() const { return limit_; }
  void written(std::size_t bytes, Duration took);
  void timed_out(std::size_t bytes) { limit_ = std::min(limit_, bytes) / 2; }

 private:
  static constexpr std::size_t kFirst = 4U << 20;

  const std::size_t most_;
  const Duration target_;
  std::size_t limit_ = kFirst;
};

}  // namespace pelton::stream
