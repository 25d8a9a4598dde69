// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace pelton::connector {

// Value. Delays between attempts: doubling from `first` to `max`, each spread by +-20 % so that
// connectors that failed together do not come back together. One thread.
class Backoff {
 public:
  using Delay = std::chrono::milliseconds;

  Backoff(Delay first, Delay max, std::uint32_t seed) : first_(first), max_(max), random_(seed) {}

  Delay next();
  // After a success: the next delay is `first` again.
  void reset() { step_ = Delay{0}; }

 private:
  const Delay first_;
  const Delay max_;
  Delay step_{0};
  std::minstd_rand random_;
};

}  // namespace pelton::connector
