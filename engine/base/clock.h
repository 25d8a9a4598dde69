// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace pelton {

using Duration = std::chrono::microseconds;
// Unix time in microseconds: what events, retries and records carry across restarts.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

constexpr std::int64_t to_us(WallTime time) {
  return time.time_since_epoch().count();
}
constexpr WallTime from_us(std::int64_t us) {
  return WallTime{Duration{us}};
}

// Interface. Time comes in through a parameter, so that the simulation owns it.
class Clock {
 public:
  virtual ~Clock() = default;
  // Any thread.
  virtual WallTime now() const = 0;
};

// The machine's clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace pelton
