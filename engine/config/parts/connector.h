// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/config/parts/kafka.h"
#include "engine/config/parts/start.h"
#include "engine/config/spec/option_value.h"
#include "engine/config/yaml/place.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::config {

enum class Direction { source, sink };

struct Connector {
  std::string name;
  Place place;
  std::string type;  // "directory": the key that holds its options
  OptionValues options;
  Direction direction = Direction::source;
  std::string stream;  // to (source) or from (sink)
  // Of types whose system is Kafka (ConnectorOptions::topic); group and start of sources.
  std::optional<KafkaTopic> topic;
  KafkaGroup group;
  Start start;
  // A sink is a binding whose worker is the connector; unused for sources.
  model::Order order = model::Order::key;
  Retry retry;
  BatchLimits batch;
  std::uint32_t window = 10'000;
};

}  // namespace pelton::config
