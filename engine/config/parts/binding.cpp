// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/config/parts/filter.h"
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

namespace pelton::config {
namespace {

std::optional<Idempotency> idempotency_of(const Section& section, ReadContext& context) {
  const Node* node = section.node("idempotency");
  if (node == nullptr) return std::nullopt;
  Idempotency idempotency;
  idempotency.ttl = section.value<Duration>("idempotency.ttl");
  const Place place = section.place("idempotency.key");
  for (const std::string& text : section.value<std::vector<std::string>>("idempotency.key"))
    if (auto field = read_field(text, place, context.problems))
      idempotency.key.push_back(std::move(*field));
  return idempotency;
}

std::optional<DeadLetterTopic> dead_letters_of(const Section& section, const std::string& who,
                                               ReadContext& context) {
  if (section.node("dead_letters") == nullptr) return std::nullopt;
  check_topic(section, "dead_letters.topic", who, context);
  return DeadLetterTopic{section.place("dead_letters"),
                         section.value<std::string>("dead_letters.topic")};
}

}  // namespace

Binding parse_binding(const std::string& name, const Node& node, ReadContext& context) {
  const std::string who = "binding " + name;
  const Section section = read_section(node, binding_spec(), who, context);
  refer(section, "from", Reference::Kind::stream, who, context);
  refer(section, "function", Reference::Kind::function, who, context);
  refer(section, "to", Reference::Kind::stream, who, context);
  Binding binding;
  binding.name = name;
  binding.place = node.place;
  binding.from = section.value<std::string>("from");
  binding.function = section.value<std::string>("function");
  binding.to = section.get<std::string>("to");
  binding.exactly_once = section.value<std::string>("delivery") == "exactly_once";
  binding.delivery_place = section.place("delivery");
  binding.start = parse_start(section, context.problems);
  if (const Node* filter = section.node("filter")) binding.filter = read_filter(*filter, context);
  binding.idempotency = idempotency_of(section, context);
  Delivery delivery = parse_delivery(section, context);
  binding.order = delivery.order;
  binding.retry = delivery.retry;
  binding.batch = delivery.batch;
  binding.window = delivery.window;
  if (section.get<std::int64_t>("concurrency")) binding.concurrency = count(section, "concurrency");
  binding.kafka = parse_kafka_group(section, "kafka", name);
  binding.dead_letters = dead_letters_of(section, who, context);
  return binding;
}

}  // namespace pelton::config
