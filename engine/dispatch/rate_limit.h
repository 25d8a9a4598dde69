// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/rate.h"

#include <cstdint>
#include <optional>

namespace pelton::dispatch {

// How many events may be given to workers, by a token bucket: an event takes a token, and tokens
// come at the rate of the config. The bucket holds those of a tenth of a second, at least one, so
// that the events of a second are spread over it. Once it is empty, nothing is given until it is
// half full, so that a high rate does not become a frame for each event.
//
// A state machine: times are parameters. One thread.
class RateLimit {
 public:
  // Absent: there is no limit.
  explicit RateLimit(const std::optional<config::Rate>& rate);

  // How many may go now; 0: none before due().
  std::uint32_t events(WallTime now) const;
  void take(std::uint32_t events, WallTime now);
  // They were taken and not begun.
  void give_back(std::uint32_t events);
  // When pass() ends the wait; nothing: there is none.
  std::optional<WallTime> due() const { return due_; }
  void pass(WallTime now) {
    if (due_ && now >= *due_) due_.reset();
  }

 private:
  double tokens(WallTime now) const;

  double rate_ = 0;  // tokens in a second; 0: no limit
  double most_ = 0;
  double tokens_ = 0;  // at since_
  WallTime since_ = WallTime::min();
  std::optional<WallTime> due_;
};

}  // namespace pelton::dispatch
