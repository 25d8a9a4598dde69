// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "tests/simulation/dice.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::simulation {

// What a function makes of an event, however often it gets it.
enum class Deed {
  good,
  flaky,    // raises `failures` times, then is done
  waits,    // asks to be tried again after a time, `failures` times
  poison,   // raises always
  rejects,  // fails for good
  kills,    // ends its worker always
  hangs,    // never returns
};

// One event as its producer means it. Its number is its place in ShardScenario::tasks.
struct Task {
  std::string stream;
  std::optional<std::string> key;
  Deed deed = Deed::good;
  std::uint32_t failures = 0;
  std::uint32_t outputs = 1;  // how many it makes when done
  std::uint32_t padding = 0;  // bytes of no meaning
  Duration takes{};
};

// How often things go wrong; all zero once the faults are over. Per process, per event or per round
// of the store; the last ones are mean times between them, 0: never.
struct ShardFaults {
  double cannot_start = 0, ends_early = 0, never_ready = 0, start_fails = 0;   // per process
  double stays = 0, blind = 0;                                                 // per process
  double crash = 0, garbage = 0, hangs_up = 0, late_exit = 0, last_words = 0;  // per event
  double slow_sync = 0;
  Duration engine_crash{}, restart{}, reload{}, renew{}, pause{}, seek{}, replay{}, freeze{},
      clock_set{};
};

// One run: an engine's config, the events and what happens, all from a seed.
struct ShardScenario {
  std::uint64_t seed = 1;
  config::Config config;
  std::uint64_t memory = 1U << 30;  // of the engine
  std::vector<Task> tasks;
  std::uint32_t append_size = 20;  // most events in one append
  double append_chance = 0.3;      // of each producer, in each millisecond
  ShardFaults faults;

  static ShardScenario from_seed(std::uint64_t seed, std::uint64_t events);
  // The delivery of the binding that reads the stream.
  const config::Delivery& delivery(std::string_view stream) const;
};

// The streams of every scenario: two that bindings of one function read, and that of its outputs.
inline constexpr const char* kReadStreams[] = {"in", "also"};
inline constexpr const char* kWrittenStream = "out";

}  // namespace pelton::simulation
