// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pelton::model {

// Value, a sum. What invocations of a function used. An invocation is what a worker answers at
// once: one event, or several that it was given together.
struct Usage {
  std::uint64_t invocations = 0;
  std::uint64_t events = 0;
  std::uint64_t failed = 0;       // attempts of events, also those that ended their worker
  std::uint64_t cold_starts = 0;  // workers that became ready
  std::chrono::nanoseconds busy{};
  std::chrono::nanoseconds starting{};  // from the start of those workers until they were ready
  std::uint64_t billed_ms = 0;          // `busy`, each invocation rounded up
  std::uint64_t mib_ms = 0;             // billed time by memory: the limit, or what was measured
  std::uint64_t peak_memory = 0;        // bytes of one worker; the largest, not a sum

  void add(const Usage& other) {
    invocations += other.invocations;
    events += other.events;
    failed += other.failed;
    cold_starts += other.cold_starts;
    busy += other.busy;
    starting += other.starting;
    billed_ms += other.billed_ms;
    mib_ms += other.mib_ms;
    peak_memory = std::max(peak_memory, other.peak_memory);
  }
  bool empty() const { return invocations == 0 && cold_starts == 0; }
};

}  // namespace pelton::model
