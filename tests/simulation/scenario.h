// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "tests/simulation/dice.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::simulation {

// What becomes of an event in the function's hands, however often it is tried.
enum class Fate {
  good,
  flaky,    // raises `failures` times, then is done
  waits,    // asks to be tried again after a time, `failures` times
  poison,   // raises always
  rejects,  // fails for good
  killer,   // ends its worker always
};

// One event as its producer means it.
struct Message {
  std::uint64_t number = 0;
  std::optional<std::string> key;
  std::string once;      // custom idempotency key, in the data; empty: none
  bool passes = true;    // the filter
  bool garbled = false;  // the data is not JSON (and so does not pass)
  Fate fate = Fate::good;
  std::uint32_t failures = 0;
  std::uint32_t outputs = 0;  // how many it makes when done
  bool mended = false;        // a replay of it is done
  std::uint32_t padding = 0;  // bytes of no meaning
  std::string data() const;
};

// How often things go wrong; all zero once the faults are over.
struct Faults {
  double crash = 0, hang = 0, blind = 0, twice = 0, late = 0, garbage = 0, partial = 0,
         infrastructure = 0, recycle = 0, slow = 0, gives_back = 0,
         raises = 0;                       // per frame of a worker
  double store_slow = 0, store_fails = 0;  // per group
  double producer_retries = 0;             // per append
  double open_fails = 0;                   // per start
  Duration engine_crash{};                 // mean time between crashes of the engine; 0: none
  Duration replay{};                       // mean time between replays by the operator; 0: none
  Duration purge{};                        // mean time between purges of a letter; 0: none
  Duration seek{};                         // mean time between seeks by the operator; 0: none
  double clock_set = 0;                    // per start: since the last one the clock was set
};

// One run: the binding, its stream and what happens to them, all from a seed.
struct Scenario {
  std::uint64_t seed = 1;
  std::uint64_t events = 2000;
  std::uint32_t partitions = 1;
  std::uint32_t workers = 1;
  std::uint32_t append_size = 50;  // most events in one append
  bool gaps = false;               // offsets are missing, as in a compacted topic
  bool filter = false;
  model::FrameLimits limits;  // of a worker
  dispatch::DispatcherOptions binding;
  std::uint64_t memory = 1U << 30;  // of the engine, for what bindings hold
  Faults faults;
  struct Disk {
    std::uint64_t segment_bytes = 64U << 10;
    std::uint64_t tail_bytes = 0;
    std::optional<std::uint64_t> retention_bytes;  // of the input
  } disk;
  std::vector<Message> messages;

  static Scenario from_seed(std::uint64_t seed, std::uint64_t events);
  bool has_target() const { return !binding.outputs.empty(); }
  // What orders a message: its lane's name; nothing when nothing does.
  std::optional<std::string> lane(const Message& message) const;
};

// A batch of one event of nothing but data.
model::BatchPtr one_event(std::string_view data);

inline constexpr StreamId kInput{1};
inline constexpr StreamId kOutput{2};
inline constexpr StreamId kOtherOutput{3};

}  // namespace pelton::simulation
