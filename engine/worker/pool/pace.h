// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/session.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace pelton::worker {

// When a worker last moved on, and how long nothing ran since (a frozen machine, a stopped engine):
// that time counts against nobody.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  // It answered, or got something to do. Returns the time since it did before.
  Span moved(Time now) { return now - std::exchange(moved_, now); }
  // Nothing ran for `time`, until now. `begun`: what the worker is at.
  void stood_still(Time now, Span time, std::span<const Invocation> begun) {
    moved_ = std::min(moved_ + time, now);
    // One that runs since before another standstill has both to its credit.
    const bool earlier =
        std::ranges::any_of(begun, [&](const Invocation& one) { return one.since < still_until_; });
    still_ = earlier ? still_ + time : time;
    still_until_ = now;
  }
  // For how long the invocation runs, or nothing has moved.
  Span of(const Invocation& one, Time now) const {
    return now - one.since - (one.since < still_until_ ? still_ : Span::zero());
  }
  Span idle(Time now) const { return now - moved_; }

 private:
  Time moved_{};
  Time still_until_{};
  Span still_{};
};

}  // namespace pelton::worker
