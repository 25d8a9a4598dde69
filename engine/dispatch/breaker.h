// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/config/parts/delivery.h"
#include "engine/dispatch/lanes.h"
#include "engine/model/frame.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

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
// A key whose event used up its attempts while others succeeded has bad events; while it is closed,
// what fails of that key says nothing of the function, until an event of it is done. Without that,
// many bad events of few keys, which come one after the other when all else is done, would look
// like an outage.
//
// A state machine: times are parameters. One thread.
class Breaker {
 public:
  using Key = std::pair<PartitionId, LaneKey>;  // lane 0: the event has none

  explicit Breaker(const config::Breaker& options) : options_(options) {}

  // ---- outcomes
  // Events are done, or were refused for good: the function works. `failed`: of others that were
  // answered with them at their first attempt, of which `why` is one.
  void succeeded(std::uint64_t events, std::uint64_t failed, const model::Failure* why,
                 WallTime now);
  // An attempt of an event failed, its first one or a later one, and nothing that was answered with
  // it succeeded. While it is closed only first attempts count: a few bad events are tried again
  // and again, and when everything else is done, nothing succeeds in between.
  void failed(const Key& key, bool first, const model::Failure& why, WallTime now);
  // An event of the key is a dead letter; it failed first at `since`.
  void gave_up(const Key& key, WallTime since);
  // Whether done() has anything to do.
  bool knows_bad_keys() const { return !bad_.empty(); }
  // An event of the key is done.
  void done(const Key& key) { bad_.erase(key); }

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

  static constexpr std::size_t kMostBadKeys = 1000;
  // A lane is a hash, and a key's lane the same in every partition.
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.second + key.first.value; }
  };

  const config::Breaker options_;
  // Of which no event has been done since; at most kMostBadKeys. Every event that is done is looked
  // up while there are any.
  boost::unordered_flat_set<Key, KeyHash> bad_;
  WallTime last_done_{};  // when an event last succeeded
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
