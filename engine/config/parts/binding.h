// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/config/parts/idempotency.h"
#include "engine/config/parts/kafka.h"
#include "engine/config/parts/start.h"
#include "engine/config/yaml/place.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// A topic that keeps a binding's dead letters.
struct DeadLetterTopic {
  Place place;
  std::string topic;  // dead_letters.topic, on the cluster of the binding's stream
};

struct Binding {
  std::string name;
  Place place;
  std::string from;  // stream
  std::string function;
  std::optional<std::string> to;  // stream of its outputs
  // delivery: exactly_once: outputs and offsets in one transaction; topic to topic only
  bool exactly_once = false;
  Place delivery_place;
  model::Order order = model::Order::key;
  Start start;  // start: earliest | latest | <time>
  std::vector<FilterRule> filter;
  BatchLimits batch;
  Retry retry;
  std::optional<Idempotency> idempotency;
  std::uint32_t window = 10'000;  // window: most unsettled events of a partition
  // concurrency: most workers with its events at a time; absent: any number
  std::optional<std::uint32_t> concurrency;
  KafkaGroup kafka;                             // used when `from` is a topic
  std::optional<DeadLetterTopic> dead_letters;  // dead_letters; absent: the engine keeps them
};

}  // namespace pelton::config
