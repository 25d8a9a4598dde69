// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pelton::worker {

// Value. How many events the next frame of a function should have, so that a frame takes about
// kFrameTime: fast functions get thousands, slow ones (kSlowEvent) one event at a time. What waits
// in a frame, or in a second one, keeps its keys from every other worker; against such an event the
// way to the worker and back (some 0.1 ms) is little. Begins with one event and grows at most
// fourfold a frame.
class FrameSizer {
 public:
  using Time = std::chrono::nanoseconds;
  static constexpr Time kFrameTime = std::chrono::milliseconds(5);
  static constexpr Time kSlowEvent = std::chrono::milliseconds(1);
  static constexpr std::uint32_t kMaxEvents = 65'536;
  static constexpr std::uint64_t kMaxBytes = 8U << 20;

  // The handler takes its frames whole: what a call costs is spread over as many events as fit into
  // a quarter of its time-out.
  void take_frames_whole(Time timeout) { target_ = std::max(kFrameTime, timeout / 4); }

  // Each frame is one call, and how many events it has is the binding's choice: no limit here.
  void take_all() { all_ = true; }

  // `events` events took `time`.
  void measured(std::uint32_t events, Time time) {
    if (all_) return;
    const double each = static_cast<double>(time.count()) / std::max(1U, events);
    per_event_ = per_event_ < 0 ? each : per_event_ * 0.7 + each * 0.3;
    const double fit =
        one_at_a_time() ? 1 : static_cast<double>(target_.count()) / std::max(1.0, per_event_);
    const double most = static_cast<double>(limit_) * 4;
    limit_ = static_cast<std::uint32_t>(std::clamp(std::min(fit, most), 1.0, double{kMaxEvents}));
  }
  model::FrameLimits limits() const { return {all_ ? kMaxEvents : limit_, kMaxBytes}; }
  // A frame takes long, or nothing is known: a second one would only wait at this worker.
  bool slow() const { return limit_ == 1 || per_event_ * limit_ > 1.5 * kFrameTime.count(); }

 private:
  // Unless the handler takes its frames whole.
  bool one_at_a_time() const {
    return target_ == kFrameTime && per_event_ >= static_cast<double>(Time(kSlowEvent).count());
  }

  Time target_ = kFrameTime;
  double per_event_ = -1;  // nanoseconds
  std::uint32_t limit_ = 1;
  bool all_ = false;
};

}  // namespace pelton::worker
