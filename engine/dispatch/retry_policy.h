// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/model/frame.h"
#include "engine/model/records.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace pelton::dispatch {

// Longest delay that a function may ask for.
inline constexpr Duration kMaxRetryAfter = std::chrono::hours(24);

// What a delivery that did not end as done means for the event.
struct Verdict {
  bool dead = false;
  // Of a dead letter: attempts | failed | worker_killer | max_age | undecodable.
  std::string reason;
  bool counted = true;  // the history has one attempt more
};

inline constexpr const char* kUndecodable = "undecodable";
// What the history says of an event that could not be decoded: no attempt, which would count.
model::Attempt undecodable(const Error& why, WallTime now);

// A crash or a time-out of one of the attempts is this event's fault.
bool ended_a_worker(const model::RetryState& state);

// A state that an earlier run stored, by a clock that was ahead of this one's: the event waits as
// long as was meant, not until that clock's time has come.
void resume(model::RetryState& state, const config::Retry& retry, WallTime now);

// Decides between the next attempt and the dead letter. Randomness (jitter) from the seed.
class RetryPolicy {
 public:
  RetryPolicy(const config::Retry& retry, std::uint64_t seed) : retry_(retry), random_(seed) {}

  // The function answered retry or fail. Updates the state: attempts, history, next.
  Verdict failed(model::RetryState& state, const model::Failure& failure, const std::string& worker,
                 WallTime now);
  // The event took the blame for the end of its worker: an attempt and, unless that was a time-out,
  // a kill.
  Verdict killed(model::RetryState& state, const model::WorkerLoss& loss, WallTime now);
  // An attempt at `time` would come after max_age.
  bool too_late(const model::RetryState& state, WallTime time) const {
    return retry_.max_age && state.first != WallTime{} && time - state.first >= *retry_.max_age;
  }

 private:
  Verdict judge(const model::RetryState& state) const;
  Duration backoff(std::uint32_t attempts);
  static void record(model::RetryState& state, model::Attempt attempt);

  const config::Retry retry_;
  std::mt19937_64 random_;
};

}  // namespace pelton::dispatch
