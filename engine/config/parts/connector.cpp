// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

// Which type's options it holds. Without one: a problem, unless a key that is unknown anyway shows
// that it was meant.
const ConnectorOptions* type_of(const std::string& who, const Node& node,
                                std::span<const ConnectorOptions> types, bool unknown_key,
                                Diagnostics& problems) {
  const ConnectorOptions* found = nullptr;
  std::vector<std::string> names;
  for (const ConnectorOptions& type : types) names.push_back(type.type);
  for (const auto& [key, value] : node.entries) {
    const auto type = std::ranges::find(types, key.text, &ConnectorOptions::type);
    if (type == types.end()) continue;
    if (found != nullptr)
      problems.error(key.place, "E1017",
                     fmt::format("{} is of two types, {} and {}", who, found->type, type->type));
    else
      found = &*type;
  }
  if (found == nullptr && !unknown_key)
    problems.error(
        node.place, "E1006",
        fmt::format("{} has no type: give it the options of one of: {}", who, joined(names)));
  return found;
}

bool has_unknown_key(const Node& node, const std::vector<std::string>& types) {
  return std::ranges::any_of(node.entries, [&](const auto& entry) {
    const std::string& key = entry.first.text;
    return std::ranges::find(types, key) == types.end() &&
           std::ranges::find(connector_spec().options, key, &OptionSpec::name) ==
               connector_spec().options.end() &&
           std::ranges::find(connector_spec().sections, key, &SectionSpec::name) ==
               connector_spec().sections.end();
  });
}

const Node* given(const Node& node, std::string_view key) {
  const Node* value = node.find(key);
  return value == nullptr || value->kind == Node::Kind::null ? nullptr : value;
}

// Source or sink; nothing, and a problem, when the file does not say or the type has it not.
std::optional<Direction> direction_of(const std::string& who, const Node& node,
                                      const ConnectorOptions& type, Diagnostics& problems) {
  const Node* to = given(node, "to");
  const Node* from = given(node, "from");
  if ((to == nullptr) == (from == nullptr)) {
    problems.error(
        from == nullptr ? node.place : from->place, "E1017",
        fmt::format("{} has {}: give it `to` when it is a source, `from` when it is a sink", who,
                    to == nullptr ? "neither `to` nor `from`" : "both `to` and `from`"));
    return std::nullopt;
  }
  if (to != nullptr ? type.source : type.sink)
    return to != nullptr ? Direction::source : Direction::sink;
  problems.error(
      to != nullptr ? to->place : from->place, "E1017",
      fmt::format("{}: {} cannot be a {}", who, type.type, to != nullptr ? "source" : "sink"));
  return std::nullopt;
}

// What only bindings have would be ignored by a source.
void refuse_delivery(const std::string& who, const Node& node, Diagnostics& problems) {
  for (const auto& [key, value] : node.entries)
    if (key.text == "order" || key.text == "window" || key.text == "batch" || key.text == "retry")
      problems.error(
          key.place, "E1017",
          fmt::format("{} is a source: `{}` belongs to sinks and bindings", who, key.text));
}

// The type's own options.
void read_options(Connector& connector, const Node& node, const ConnectorOptions& type,
                  const std::string& who, ReadContext& context) {
  const Section own = read_section(node, connector_type_spec(type, connector.direction),
                                   fmt::format("{} of {}", type.type, who), context);
  connector.options = own.values();
  if (!type.topic) return;
  connector.topic = parse_kafka_topic(own, "", who, context);
  if (connector.direction == Direction::sink) return;
  connector.group = parse_kafka_group(own, "", connector.name);
  connector.start = parse_start(own, context.problems);
}

}  // namespace

std::optional<Connector> parse_connector(const std::string& name, const Node& node,
                                         std::span<const ConnectorOptions> types,
                                         ReadContext& context) {
  const std::string who = "connector " + name;
  std::vector<std::string> type_names;
  for (const ConnectorOptions& type : types) type_names.push_back(type.type);
  const Section section = read_section(node, connector_spec(), who, context, type_names);
  refer(section, "to", Reference::Kind::stream, who, context);
  refer(section, "from", Reference::Kind::stream, who, context);
  if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::sequence) return std::nullopt;

  const ConnectorOptions* type =
      type_of(who, node, types, has_unknown_key(node, type_names), context.problems);
  if (type == nullptr) return std::nullopt;
  const auto direction = direction_of(who, node, *type, context.problems);
  if (!direction) return std::nullopt;

  Connector connector;
  connector.name = name;
  connector.place = node.place;
  connector.type = type->type;
  connector.direction = *direction;
  connector.stream = section.value<std::string>(*direction == Direction::source ? "to" : "from");
  read_options(connector, *node.find(type->type), *type, who, context);
  if (*direction == Direction::source) refuse_delivery(who, node, context.problems);
  Delivery delivery = parse_delivery(section, context);
  connector.order = delivery.order;
  connector.retry = delivery.retry;
  connector.batch = delivery.batch;
  connector.window = delivery.window;
  return connector;
}

}  // namespace pelton::config
