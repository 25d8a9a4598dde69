// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

// Bindings and sinks have cursors and dead letters under their names.
void check_names(const Config& config, Diagnostics& problems) {
  std::set<std::string_view> bindings;
  for (const Binding& binding : config.bindings) bindings.insert(binding.name);
  for (const Connector& connector : config.connectors)
    if (connector.direction == Direction::sink && bindings.contains(connector.name))
      problems.error(connector.place, "E1011",
                     fmt::format("the sink {} and a binding share their name, under which dead "
                                 "letters are kept",
                                 connector.name));
}

bool within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

void check_data_folder(const Config& config, std::span<const ConnectorOptions> types,
                       Diagnostics& problems) {
  const fs::path data = real_path(config.engine.data);
  for (const Connector& source : config.connectors) {
    if (source.direction != Direction::source) continue;
    const auto folder = folder_of(source, types);
    if (folder && within(data, *folder))
      problems.warning(source.place, "E1103",
                       fmt::format("the source {} reads a folder that holds the engine's own data "
                                   "({}), whose files would become events",
                                   source.name, data.string()));
  }
}

// A binding's group has a meaning on topics only.
void check_members(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    const Stream* from = config.find_stream(binding.from);
    if (from != nullptr && !from->kafka && binding.kafka.place.line != 0)
      problems.error(
          binding.kafka.place, "E1017",
          fmt::format("binding {} reads {}, which is no Kafka topic: `group` and `kafka` "
                      "have no meaning here",
                      binding.name, from->name));
  }
}

// Two cursors under one group would each skip what the other has read.
class GroupCheck {
 public:
  explicit GroupCheck(Diagnostics& problems) : problems_(problems) {}

  void add(const std::string& who, Place place, const std::string& group,
           const std::string& topic) {
    const auto [at, fresh] = members_.try_emplace({group, topic}, who);
    if (fresh) return;
    problems_.error(place, "E1017",
                    fmt::format("{} and {} read the topic {} in one group, {}: each needs its own",
                                at->second, who, topic, group));
  }

 private:
  Diagnostics& problems_;
  std::map<std::pair<std::string, std::string>, std::string> members_;
};

void check_groups(const Config& config, Diagnostics& problems) {
  GroupCheck groups(problems);
  for (const Binding& binding : config.bindings)
    if (const Stream* from = config.find_stream(binding.from); from != nullptr && from->kafka)
      groups.add("binding " + binding.name, binding.place, binding.kafka.group, from->kafka->topic);
  for (const Connector& connector : config.connectors)
    if (connector.topic && connector.direction == Direction::source)
      groups.add("connector " + connector.name, connector.place, connector.group.group,
                 connector.topic->topic);
}

// A transaction spans one cluster. A record of a completed key is durable before the transaction
// is, and so would hide an event whose transaction was undone.
void check_exactly_once(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    if (!binding.exactly_once) continue;
    const auto refuse = [&](std::string_view why) {
      problems.error(binding.delivery_place, "E1017",
                     fmt::format("binding {}: delivery: exactly_once {}", binding.name, why));
    };
    const Stream* from = config.find_stream(binding.from);
    const Stream* to = binding.to ? config.find_stream(*binding.to) : nullptr;
    if (from == nullptr || (binding.to && to == nullptr)) continue;  // said elsewhere
    if (!from->kafka || to == nullptr || !to->kafka)
      refuse("is for bindings from a Kafka topic to a Kafka topic");
    else if (std::ranges::find_first_of(from->kafka->client.brokers, to->kafka->client.brokers) ==
             from->kafka->client.brokers.end())
      refuse("needs both topics on the same brokers");
    if (binding.idempotency) refuse("goes without `idempotency`: no output is made twice");
  }
}

void check_dead_letters(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    if (!binding.dead_letters) continue;
    const Stream* from = config.find_stream(binding.from);
    if (from == nullptr) continue;
    const Place place = binding.dead_letters->place;
    if (!from->kafka)
      problems.error(place, "E1019",
                     fmt::format("binding {} reads {}, which is no Kafka topic: its dead letters "
                                 "are kept in the data folder, `dead_letters` has no meaning here",
                                 binding.name, from->name));
    else if (from->kafka->topic == binding.dead_letters->topic)
      problems.error(place, "E1019",
                     fmt::format("binding {} reads the topic {}, in which its dead letters would "
                                 "be: each would be delivered again, without end",
                                 binding.name, from->kafka->topic));
  }
}

// A connector reads into, or writes from, the engine's own log.
void check_connector_streams(const Config& config, Diagnostics& problems) {
  for (const Connector& connector : config.connectors)
    if (const Stream* stream = config.find_stream(connector.stream); stream && stream->kafka)
      problems.error(connector.place, "E1015",
                     fmt::format("connector {}: its stream must be one that the engine keeps",
                                 connector.name));
}

}  // namespace

fs::path real_path(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  const fs::path tidy = error ? path.lexically_normal() : real;
  return tidy.has_filename() ? tidy : tidy.parent_path();
}

std::optional<fs::path> folder_of(const Connector& connector,
                                  std::span<const ConnectorOptions> types) {
  const auto type = std::ranges::find(types, connector.type, &ConnectorOptions::type);
  if (type == types.end() || type->place_option.empty()) return std::nullopt;
  const auto option = connector.options.find(type->place_option);
  if (option == connector.options.end()) return std::nullopt;
  const auto* path = std::get_if<fs::path>(&option->second);
  return path == nullptr ? std::nullopt : std::optional(real_path(*path));
}

void check_config(const Config& config, std::span<const ConnectorOptions> connectors,
                  Diagnostics& problems) {
  check_names(config, problems);
  check_data_folder(config, connectors, problems);
  check_members(config, problems);
  check_groups(config, problems);
  check_exactly_once(config, problems);
  check_dead_letters(config, problems);
  check_connector_streams(config, problems);
  check_loops(config, connectors, problems);
}

}  // namespace pelton::config
