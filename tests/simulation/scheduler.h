// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace pelton::simulation {

// The virtual clock: what is to happen when. Things due at one time happen in the order in which
// they were asked for.
class Scheduler {
 public:
  WallTime now() const { return now_; }
  // What the machine's clock shows; it is set now and then.
  WallTime wall() const { return now_ + ahead_; }
  void set_wall(Duration ahead) {
    latest_wall_ = latest_wall();
    ahead_ = ahead;
  }
  Duration ahead() const { return ahead_; }
  // The latest that it has shown: what expired by it may be gone.
  WallTime latest_wall() const { return std::max(latest_wall_, wall()); }
  void after(Duration delay, std::function<void()> call) {
    calls_.emplace(std::pair(now_ + delay, serial_++), std::move(call));
  }
  // Goes to the next call. False: there is none.
  bool step() {
    if (calls_.empty()) return false;
    auto first = calls_.extract(calls_.begin());
    latest_wall_ = latest_wall();
    now_ = first.key().first;
    first.mapped()();
    return true;
  }

 private:
  WallTime now_{std::chrono::hours(24 * 365)};
  Duration ahead_{0};
  WallTime latest_wall_{};
  std::uint64_t serial_ = 0;
  std::map<std::pair<WallTime, std::uint64_t>, std::function<void()>> calls_;
};

}  // namespace pelton::simulation
