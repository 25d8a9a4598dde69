// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/model/order.h"

#include <cstdint>
#include <optional>

namespace pelton::config {

struct Retry {
  std::uint32_t attempts = 5;       // retry.attempts: deliveries in all
  Duration first{};                 // retry.backoff.first
  double factor = 2;                // retry.backoff.factor
  Duration max{};                   // retry.backoff.max
  double jitter = 0.2;              // retry.backoff.jitter: +- this part of the delay
  std::optional<Duration> max_age;  // retry.max_age: from the event's first attempt
};

struct BatchLimits {
  std::uint32_t events = 0;  // batch.events: most events in a frame
  std::uint64_t bytes = 0;   // batch.bytes: most payload bytes in a frame
  Duration window{};         // batch.window: wait this long for a fuller frame; 0: do not
};

}  // namespace pelton::config
