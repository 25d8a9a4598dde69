// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/connector.h"

#include "engine/config/real_path.h"
#include "engine/config/spec/connector_options.h"
#include "engine/config/spec/fields.h"

#include <algorithm>

namespace pelton::config {
namespace {

// What the file says of a connector beside the options of its type.
struct Common {
  std::optional<std::string> to;
  std::optional<std::string> from;
  Delivery delivery;
};

const Fields<Common>& common_fields() {
  static const Fields<Common> fields =
      Fields<Common>("connectors",
                     "Reads an external system into a stream (a source, with `to`) or writes a "
                     "stream to an external system (a sink, with `from`). The options of its type "
                     "are under the type's name.")
          .option("to", &Common::to, "Source: the stream to write to.")
          .option("from", &Common::from, "Sink: the stream to read.")
          .include(&Common::delivery, delivery_fields());
  return fields;
}

std::vector<std::string> names_of(std::span<const ConnectorOptions> types) {
  std::vector<std::string> names;
  for (const ConnectorOptions& type : types) names.push_back(type.type);
  return names;
}

bool is_common(const std::string& key) {
  const SectionSpec& spec = connector_spec();
  return std::ranges::find(spec.options, key, &OptionSpec::name) != spec.options.end() ||
         std::ranges::find(spec.sections, key, &SectionSpec::name) != spec.sections.end();
}

// Which type's options it holds. Without one: a problem, unless a key that is unknown anyway shows
// that it was meant.
const ConnectorOptions* type_of(const std::string& who, const Node& node,
                                std::span<const ConnectorOptions> types, Diagnostics& problems) {
  const ConnectorOptions* found = nullptr;
  bool unknown_key = false;
  for (const auto& [key, value] : node.entries) {
    const auto type = std::ranges::find(types, key.text, &ConnectorOptions::type);
    if (type == types.end()) {
      unknown_key |= !is_common(key.text) && !is_extension(key.text);
    } else if (found != nullptr) {
      problems.error(
          key.place, "E1020",
          fmt::format("{} has the options of two types, {} and {}", who, found->type, type->type));
    } else {
      found = &*type;
    }
  }
  if (found == nullptr && !unknown_key)
    problems.error(
        node.place, "E1006",
        fmt::format("{} has no type: add the options of one of {}", who, joined(names_of(types))));
  return found;
}

const Node* given(const Node& node, std::string_view key) {
  const Node* value = node.find(key);
  return value == nullptr || value->kind == Node::Kind::null ? nullptr : value;
}

// Nothing, and a problem, when the file does not say or the type has it not.
std::optional<Direction> direction_of(const std::string& who, const Node& node,
                                      const ConnectorOptions& type, Diagnostics& problems) {
  const Node* to = given(node, "to");
  const Node* from = given(node, "from");
  if ((to == nullptr) == (from == nullptr)) {
    problems.error(from == nullptr ? node.place : from->place, "E1017",
                   fmt::format("{} has {}: set `to` for a source or `from` for a sink", who,
                               to == nullptr ? "neither `to` nor `from`" : "both `to` and `from`"));
    return std::nullopt;
  }
  const Direction direction = to != nullptr ? Direction::source : Direction::sink;
  if (type.side(direction)) return direction;
  problems.error((to != nullptr ? to : from)->place, "E1021",
                 fmt::format("{}: a {} connector can only be a {}", who, type.type,
                             to != nullptr ? "sink (`from`)" : "source (`to`)"));
  return std::nullopt;
}

// What only bindings have would be ignored by a source.
void refuse_delivery(const std::string& who, const Node& node, Diagnostics& problems) {
  for (const auto& [key, value] : node.entries)
    if (is_common(key.text) && key.text != "to" && key.text != "from")
      problems.error(
          key.place, "E1022",
          fmt::format("{} is a source: `{}` applies to sinks and bindings only", who, key.text));
}

// The type's own options.
void read_own(Connector& connector, const Node& node, const ConnectorOptions& type,
              ReadContext& context) {
  const ConnectorSide& side = *type.side(connector.direction);
  const Section own =
      read_section(node, side.options.spec,
                   fmt::format("{} of connector {}", type.type, connector.name), context);
  connector.settings = side.options.read(own, "", context);
  connector.locations = side.locations(connector.settings);
  connector.takes_notices = side.takes_notices;
}

Common common_of(const Connector& connector) {
  Common common;
  common.delivery = connector.delivery;
  if (connector.stream.empty()) return common;
  (connector.direction == Direction::source ? common.to : common.from) = connector.stream;
  return common;
}

// What the options of the types say; nothing where one connector has no type, or is of another.
void compare_own(const std::any* before, const std::any* after, const Connector& connector,
                 std::span<const ConnectorOptions> types, OptionChanges& out) {
  const auto type = std::ranges::find(types, connector.type, &ConnectorOptions::type);
  if (type == types.end()) return;
  if (const auto& side = type->side(connector.direction))
    side->options.differences(before, after, connector.type + ".", out);
}

}  // namespace

bool Location::overlaps(const Location& other) const {
  if (bucket.empty() || bucket != other.bucket || at != other.at) return false;
  if (!prefix.starts_with(other.prefix) && !other.prefix.starts_with(prefix)) return false;
  return suffixes.empty() || other.suffixes.empty() ||
         std::ranges::any_of(suffixes, [&](const std::string& own) {
           return std::ranges::any_of(other.suffixes, [&](const std::string& its) {
             return own.ends_with(its) || its.ends_with(own);
           });
         });
}

bool Location::same(const Location& other) const {
  if (name != other.name) return false;
  return (at.empty() && other.at.empty()) || std::ranges::find_first_of(at, other.at) != at.end();
}

Location folder_location(const std::filesystem::path& folder, bool written) {
  const std::filesystem::path path = real_path(folder);
  return {"folder " + path.string(), {}, written, path, {}};
}

std::string group_of(const Connector& sink) {
  return "pelton." + sink.name;
}

const SectionSpec& connector_spec() {
  return common_fields().spec();
}

OptionChanges differences(const Connector& before, const Connector& after,
                          std::span<const ConnectorOptions> types) {
  OptionChanges out = common_fields().differences(common_of(before), common_of(after));
  if (before.type == after.type && before.direction == after.direction) {
    compare_own(&before.settings, &after.settings, after, types, out);
  } else {
    const auto word = [](const std::string& text) {
      return text.empty() ? std::nullopt : std::optional(text);
    };
    if (before.type != after.type) out.push_back({"type", word(before.type), word(after.type)});
    compare_own(&before.settings, nullptr, before, types, out);
    compare_own(nullptr, &after.settings, after, types, out);
  }
  return out;
}

std::optional<Connector> parse_connector(const std::string& name, const Node& node,
                                         std::span<const ConnectorOptions> types,
                                         ReadContext& context) {
  const std::string who = "connector " + name;
  const Section section = read_section(node, connector_spec(), who, context, names_of(types));
  refer(section, "to", Reference::Kind::stream, context);
  refer(section, "from", Reference::Kind::stream, context);
  if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::sequence) return std::nullopt;
  const ConnectorOptions* type = type_of(who, node, types, context.problems);
  if (type == nullptr) return std::nullopt;
  const auto direction = direction_of(who, node, *type, context.problems);
  if (!direction) return std::nullopt;

  Common common;
  common_fields().fill(section, "", context, common);
  Connector connector;
  connector.name = name;
  connector.place = node.place;
  connector.type = type->type;
  connector.direction = *direction;
  connector.stream = (*direction == Direction::source ? common.to : common.from).value_or("");
  connector.delivery = common.delivery;
  read_own(connector, *node.find(type->type), *type, context);
  if (*direction == Direction::source) refuse_delivery(who, node, context.problems);
  return connector;
}

}  // namespace pelton::config
