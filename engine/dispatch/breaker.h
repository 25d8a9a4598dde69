// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/delivery.h"
#include "engine/model/frame.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::dispatch {

// What status and metrics show of a breaker.
struct BreakerView {
  bool open = false;
  std::optional<WallTime> next_probe;  // absent: closed, or a probe may go now
  std::uint64_t opened = 0;            // how often, since start
  std::string last_error;              // of the failure that opened it
};

// Keeps an outage from using up the attempts of everything that comes: when too many events fail,
// the binding pauses, then tries one event at a time, with growing pauses, until one succeeds.
//
// closed -> (failures) -> paused -> (time) -> probing -> (success) -> closed
//                           ^------- (failures) --'
//
// Between two pauses it tries as many events as made it pause, provided that they have not failed
// before: so a run of bad events is soon passed. Of those that have failed, only one.
//
// A state machine: times are parameters. One thread.
class Breaker {
 public:
  explicit Breaker(const config::Breaker& options) : options_(options) {}

  // ---- outcomes
  // Events are done, or were refused for good: the function works. `failed`: of others that were
  // answered with them at their first attempt, of which `why` is one.
  void succeeded(std::uint64_t events, std::uint64_t failed, const model::Failure* why,
                 WallTime now);
  // An attempt of an event failed, its first one or a later one, and nothing that was answered with
  // it succeeded. While it is closed only first attempts count: a few bad events are tried again
  // and again, and when everything else is done, nothing succeeds in between.
  void failed(bool first, const model::Failure& why, WallTime now);

  // ---- time
  // When pass() ends a pause; nothing: there is none.
  std::optional<WallTime> due() const {
    return state_ == State::paused ? std::optional(until_) : std::nullopt;
  }
  void pass(WallTime now);

  // ---- what may go
  bool open() const { return state_ != State::closed; }
  // A frame may go. While it is open: one event, and nothing else is with workers.
  bool allows(std::uint64_t in_flight) const {
    return state_ == State::closed || (state_ == State::probing && in_flight == 0);
  }
  BreakerView view() const { return {open(), due(), opened_, last_error_}; }

 private:
  enum class State { closed, paused, probing };
  void count(std::uint64_t done, std::uint64_t failed, WallTime now);
  bool rate_exceeded() const;
  void trip(const model::Failure& why, WallTime now);
  void pause(WallTime now);
  void close();

  const config::Breaker options_;
  State state_ = State::closed;
  WallTime until_{};
  std::uint32_t pauses_ = 0;    // since it was closed
  std::uint32_t probes_ = 0;    // that failed since the last pause
  std::uint32_t in_a_row_ = 0;  // events that failed since one was done
  // Of the span of kSpan at hand, when there is a limit to the rate.
  WallTime span_began_{};
  std::uint64_t span_done_ = 0;
  std::uint64_t span_failed_ = 0;
  std::uint64_t opened_ = 0;
  std::string last_error_;
};

}  // namespace pelton::dispatch
