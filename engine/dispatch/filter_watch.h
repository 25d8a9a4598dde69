// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <cstdint>
#include <optional>

namespace pelton::dispatch {

// Notices a filter that nothing has passed since the start: probably it is wrong, and every event
// counts as done without an invocation.
class FilterWatch {
 public:
  // So many events, or any number over so much time, are suspicious; then once in kPause.
  static constexpr std::uint64_t kEvents = 1'000;
  static constexpr Duration kTime = std::chrono::minutes(10);
  static constexpr Duration kPause = std::chrono::hours(1);

  // Totals since the start. True: warn now.
  bool suspicious(std::uint64_t filtered, std::uint64_t passed, WallTime now) {
    if (passed > 0 || filtered == 0) return false;
    if (!first_) first_ = now;
    if (filtered < kEvents && now - *first_ < kTime) return false;
    if (warned_ && now - *warned_ < kPause) return false;
    warned_ = now;
    return true;
  }

 private:
  std::optional<WallTime> first_, warned_;
};

}  // namespace pelton::dispatch
