// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <cstdint>

namespace pelton::observe {

// Value. Events per second of a counter that is sampled now and then, smoothed over about five
// seconds.
class Rate {
 public:
  void sample(std::uint64_t total, WallTime now) {
    if (at_ != WallTime{} && now > at_) {
      const double seconds = std::chrono::duration<double>(now - at_).count();
      const double current = static_cast<double>(total - total_) / seconds;
      const double weight = seconds >= kSmoothing ? 1.0 : seconds / kSmoothing;
      per_second_ += (current - per_second_) * weight;
      if (per_second_ < 0.01) per_second_ = 0;
    }
    total_ = total;
    at_ = now;
  }
  double per_second() const { return per_second_; }

 private:
  static constexpr double kSmoothing = 5;
  std::uint64_t total_ = 0;
  WallTime at_{};
  double per_second_ = 0;
};

}  // namespace pelton::observe
