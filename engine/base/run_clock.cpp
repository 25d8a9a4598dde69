// SPDX-License-Identifier: Apache-2.0
#include "engine/base/run_clock.h"

#include <algorithm>

namespace pelton {
namespace {

Duration steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

WallTime RunTime::advance(Duration steady, WallTime wall) {
  const Duration ran = std::max(Duration{0}, steady - steady_);
  steady_ += ran;
  const Duration ahead = wall - (now_ + ran);
  if (ahead >= -kFollowed && ahead <= kFollowed) {
    difference_ = Duration{0};
    return now_ = std::max(now_ + ran / 2, wall);
  }
  if (difference_ == Duration{0}) since_ = steady_;
  difference_ = ahead;
  const bool lasting = steady_ - since_ >= kLasting;
  if (lasting && ahead > Duration{0}) {
    difference_ = Duration{0};
    return now_ = wall;
  }
  return now_ += lasting ? ran / 2 : ran;
}

RunClock::RunClock() : time_(steady_now(), SystemClock{}.now()) {}

WallTime RunClock::now() const {
  const std::scoped_lock lock(mutex_);
  return time_.advance(steady_now(), SystemClock{}.now());
}

Duration RunClock::difference() const {
  const std::scoped_lock lock(mutex_);
  return time_.difference();
}

}  // namespace pelton
