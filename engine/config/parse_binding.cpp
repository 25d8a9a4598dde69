// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/config/filter_reader.h"
#include "engine/config/parts.h"

#include <fmt/format.h>

namespace pelton::config {
namespace {

Start start_of(const Section& section, Diagnostics& problems) {
  const auto text = section.value<std::string>("start");
  if (text == "earliest") return {};
  if (text == "latest") return {Start::Kind::latest, {}};
  if (const auto time = parse_time(text)) return {Start::Kind::time, *time};
  problems.error(section.place("start"), "E1008",
                 fmt::format("start: \"{}\" is neither earliest, latest nor a time such as "
                             "2026-01-01T00:00:00Z{}",
                             section.written("start"),
                             did_you_mean(section.written("start"), {"earliest", "latest"})));
  return {};
}

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

KafkaGroup group_of(const std::string& binding, const Section& section) {
  KafkaGroup group;
  group.group = section.get<std::string>("group").value_or("pelton." + binding);
  group.assignor = section.value<std::string>("kafka.assignor");
  group.instance = section.value<std::string>("kafka.instance");
  group.session_timeout = section.value<Duration>("kafka.session_timeout");
  group.drain = section.value<Duration>("kafka.drain");
  group.commit_interval = section.value<Duration>("kafka.commit_interval");
  const auto policy = section.value<std::string>("kafka.out_of_range");
  if (policy == "earliest") group.out_of_range = KafkaGroup::OutOfRange::earliest;
  if (policy == "latest") group.out_of_range = KafkaGroup::OutOfRange::latest;
  for (const char* own : {"group", "kafka"})
    if (section.node(own) != nullptr) group.place = section.place(own);
  return group;
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
  binding.start = start_of(section, context.problems);
  if (const Node* filter = section.node("filter")) binding.filter = read_filter(*filter, context);
  binding.idempotency = idempotency_of(section, context);
  Delivery delivery = parse_delivery(section, context);
  binding.order = delivery.order;
  binding.retry = delivery.retry;
  binding.batch = delivery.batch;
  binding.window = delivery.window;
  binding.kafka = group_of(name, section);
  binding.dead_letters = dead_letters_of(section, who, context);
  return binding;
}

}  // namespace pelton::config
