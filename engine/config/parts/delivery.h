// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/rate.h"
#include "engine/model/order.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace pelton::config {

template <typename Struct>
class Fields;

// Values. How the events of a binding, or of a sink, are delivered. The members' initialisers are
// the defaults of the options of the same names.
struct Retry {
  std::uint32_t attempts = 5;                      // deliveries in all
  Duration first{std::chrono::milliseconds(200)};  // backoff.first
  double factor = 2;                               // backoff.factor
  Duration max{std::chrono::minutes(5)};           // backoff.max
  double jitter = 0.2;                             // backoff.jitter: +- this part of the delay
  std::optional<Duration> max_age;                 // from the event's first attempt
  std::uint32_t worker_kills = 2;                  // workers that one event may end
};

struct BatchLimits {
  std::uint32_t events = 1024;     // most events in a frame
  std::uint64_t bytes = 1U << 20;  // most payload bytes in a frame
  Duration wait{};                 // wait this long for a fuller frame; 0: do not
};

// When a binding pauses because the function as a whole seems to fail.
struct Breaker {
  std::uint32_t failures = 20;              // events in a row; 0: never
  std::optional<double> rate;               // part of the attempts of ten seconds
  Duration first{std::chrono::seconds(1)};  // pause.first; each further one is twice as long
  Duration max{std::chrono::minutes(1)};    // pause.max
};

struct Delivery {
  model::Order order = model::Order::key;
  std::optional<Rate> rate_limit;  // of events that are given to workers; absent: none
  Retry retry;
  Breaker breaker;
  BatchLimits batch;
  // How far work may run ahead of a partition's oldest unsettled event, in events...
  std::uint32_t max_unsettled = 10'000;
  // ... and in memory for them.
  std::uint64_t max_unsettled_bytes = 64U << 20;
};

Fields<Delivery> delivery_fields();
Fields<Retry> retry_fields();

}  // namespace pelton::config
