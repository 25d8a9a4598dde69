// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/kafka.h"
#include "engine/config/yaml/place.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::config {

struct Retention {
  std::optional<Duration> time;             // retention.time
  std::optional<std::uint64_t> size_bytes;  // retention.size, per stream
  bool force = false;  // retention.force: drop even what a binding has not settled
};

struct Stream {
  std::string name;
  Place place;
  std::uint32_t partitions = 1;  // partitions; 0 with kafka: the topic has its own number
  Retention retention;
  std::optional<KafkaTopic> kafka;  // absent: kept by the engine
};

}  // namespace pelton::config
