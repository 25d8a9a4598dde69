// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

#include <atomic>
#include <cstdint>

// Connectors that live in the benchmark's own engine process.
namespace pelton::bench {

// Shared memory between the engine process and the benchmark that forked it.
struct Shared {
  std::atomic<std::uint64_t> produced{0};      // events that the generator handed over
  std::atomic<std::uint64_t> acknowledged{0};  // ... and that are durable
  std::atomic<std::uint64_t> ready_us{0};      // CLOCK_MONOTONIC when the engine was ready
  std::atomic<std::uint64_t> samples{0};       // of the ping below
  static constexpr std::size_t kMaxSamples = 100'000;
  std::uint32_t latency_us[kMaxSamples];
};

std::uint64_t monotonic_us();

// Source "generate": `events` events of `bytes` bytes, keyed by `keys` devices, as fast as they are
// taken.
connector::ConnectorSpec generator(Shared& shared);
// Source "ping": one event after another, each once the one before has come out of "pong"; its data
// is the time.
connector::ConnectorSpec ping(Shared& shared);
// Sink "pong": measures from the event's reading to its writing.
connector::ConnectorSpec pong(Shared& shared);

}  // namespace pelton::bench
