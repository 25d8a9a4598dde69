// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check.h"

#include "engine/config/check_routes.h"
#include "engine/config/check_written.h"
#include "engine/config/real_path.h"

#include <fmt/format.h>

#include <algorithm>
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
                     fmt::format("the sink {} has the same name as a binding: both keep dead "
                                 "letters under it",
                                 connector.name));
}

void check_data_folder(const Config& config, Diagnostics& problems) {
  const fs::path data = real_path(config.engine.data);
  for (const Connector& source : config.connectors) {
    if (source.direction != Direction::source) continue;
    for (const Location& place : source.locations)
      if (!place.written && !place.folder.empty() && within(data, place.folder))
        problems.warning(source.place, "E1103",
                         fmt::format("the source {} reads a folder that contains the engine's own "
                                     "data ({}), whose files would become events",
                                     source.name, data.string()));
  }
}

// A binding's group has a meaning on topics only.
void check_members(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    const Stream* from = config.find_stream(binding.from);
    if (from != nullptr && !from->kafka && binding.kafka.place.line != 0)
      problems.error(
          binding.kafka.place, "E1025",
          fmt::format("binding {} reads {}, which is not a Kafka topic: `group` and `kafka` do not "
                      "apply to it",
                      binding.name, from->name));
  }
}

// Two cursors under one group would each skip what the other has read.
class GroupCheck {
 public:
  explicit GroupCheck(Diagnostics& problems) : problems_(problems) {}

  void add(const std::string& who, Place place, const Location& location) {
    const auto shared = std::ranges::find_if(members_, [&](const auto& member) {
      return member.second.group == location.group && member.second.same(location);
    });
    if (shared != members_.end())
      problems_.error(
          place, "E1026",
          fmt::format("{} and {} read the {} in the same consumer group, {}: each needs "
                      "a group of its own",
                      shared->first, who, location.name, location.group));
    members_.emplace_back(who, location);
  }

 private:
  Diagnostics& problems_;
  std::vector<std::pair<std::string, Location>> members_;
};

void check_groups(const Config& config, Diagnostics& problems) {
  GroupCheck groups(problems);
  const auto add_topic = [&](const std::string& who, Place place, const std::string& stream,
                             const std::string& group) {
    const Stream* from = config.find_stream(stream);
    if (from == nullptr || !from->kafka) return;
    Location topic = topic_location(*from->kafka, false);
    topic.group = group;
    groups.add(who, place, topic);
  };
  for (const Binding& binding : config.bindings)
    add_topic("binding " + binding.name, binding.place, binding.from, binding.kafka.group);
  for (const Connector& connector : config.connectors) {
    const std::string who = "connector " + connector.name;
    if (connector.direction == Direction::sink)
      add_topic(who, connector.place, connector.stream, group_of(connector));
    for (const Location& location : connector.locations)
      if (!location.group.empty()) groups.add(who, connector.place, location);
  }
}

// A transaction spans one cluster. A record of a completed key is durable before the transaction
// is, and so would hide an event whose transaction was undone.
void check_exactly_once(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    if (!binding.exactly_once) continue;
    const auto refuse = [&](std::string_view why) {
      problems.error(binding.delivery_place, "E1027",
                     fmt::format("binding {}: delivery: exactly_once {}", binding.name, why));
    };
    const Stream* from = config.find_stream(binding.from);
    const Stream* to = binding.to.empty() ? nullptr : config.find_stream(binding.to.front());
    if (from == nullptr || (!binding.to.empty() && to == nullptr)) continue;  // said elsewhere
    if (binding.to.size() > 1)
      refuse("requires a single stream in `to`");
    else if (!from->kafka || to == nullptr || !to->kafka)
      refuse("requires that both `from` and `to` are Kafka topics");
    else if (!same_cluster(*from->kafka, *to->kafka))
      refuse("requires that both topics are on the same brokers");
    if (binding.idempotency)
      refuse("cannot be combined with `idempotency`, which it makes unnecessary");
    if (from->kafka && from->kafka->reads_uncommitted)
      refuse(
          "cannot be combined with `isolation.level: read_uncommitted`, which reads records of "
          "transactions that are aborted later");
  }
}

void check_outputs(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    std::set<std::string> seen;
    for (const std::string& to : binding.to)
      if (!seen.insert(to).second)
        problems.error(binding.to_place, "E1011",
                       fmt::format("binding {}: `to` names the stream {} twice", binding.name, to));
  }
}

// The answer for a batch says which of its records failed; it is nobody's output.
void check_event_shapes(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    const Function* function = config.find_function(binding.function);
    if (function == nullptr) continue;  // said elsewhere
    if (binding.event_place.line != 0 && !function->takes_documents)
      problems.error(binding.event_place, "E3140",
                     fmt::format("binding {}: `event` does not apply to the runtime {} of function "
                                 "{}, which receives events as they are",
                                 binding.name, function->runtime, function->name));
    else if (model::is_batch(binding.event) && !binding.to.empty())
      problems.error(binding.to_place, "E3141",
                     fmt::format("binding {}: a function that receives batches answers which "
                                 "records failed and has no outputs: remove `to`, or use `event: "
                                 "raw`, `cloudevents` or `s3`",
                                 binding.name));
  }
}

void check_dead_letters(const Config& config, Diagnostics& problems) {
  for (const Binding& binding : config.bindings) {
    if (!binding.dead_letters) continue;
    const Stream* from = config.find_stream(binding.from);
    if (from == nullptr) continue;
    const Place place = binding.dead_letters->place;
    if (!from->kafka)
      problems.error(
          place, "E1028",
          fmt::format("binding {} reads {}, which is not a Kafka topic: its dead letters "
                      "are kept in the data folder and `dead_letters` does not apply",
                      binding.name, from->name));
    else if (from->kafka->name == binding.dead_letters->topic)
      problems.error(
          place, "E1019",
          fmt::format("binding {} reads the topic {} and would write its dead letters to "
                      "it: they would be delivered again and again",
                      binding.name, from->kafka->name));
  }
}

// What nobody drops fills the disk. A stream with a consumer is held back by it in any case.
void check_retention(const Config& config, Diagnostics& problems) {
  for (const Stream& stream : config.streams) {
    const auto reads = [&](const std::string& from) { return from == stream.name; };
    const auto writes = [&](const Connector& c) {
      return c.direction == Direction::source && c.stream == stream.name;
    };
    const bool read = std::ranges::any_of(config.bindings, reads, &Binding::from) ||
                      std::ranges::any_of(config.connectors, [&](const Connector& c) {
                        return c.direction == Direction::sink && c.stream == stream.name;
                      });
    const bool written =
        std::ranges::any_of(config.connectors, writes) ||
        std::ranges::any_of(config.routes, [&](const Route& r) { return r.to == stream.name; }) ||
        std::ranges::any_of(
            config.bindings,
            [&](const Binding& b) { return std::ranges::count(b.to, stream.name) > 0; }) ||
        std::ranges::any_of(config.functions, [&](const Function& f) {
          return f.async && f.async->on_failure == stream.name;
        });
    if (!stream.kafka && written && !read && !stream.retention.time && !stream.retention.size_bytes)
      problems.warning(stream.place, "E1104",
                       fmt::format("nothing reads the stream {} and its events are kept forever: "
                                   "set `retention`, or it will fill the disk",
                                   stream.name));
  }
}

// Who reads a topic, here and elsewhere, and how far they are, is not known.
void check_sources_into_topics(const Config& config, Diagnostics& problems) {
  const auto changes = [](const Location& location) { return location.written; };
  for (const Connector& connector : config.connectors) {
    const Stream* stream = config.find_stream(connector.stream);
    if (connector.direction != Direction::source || stream == nullptr || !stream->kafka) continue;
    if (std::ranges::any_of(connector.locations, changes))
      problems.error(connector.place, "E1032",
                     fmt::format("connector {} deletes or moves files once every binding of its "
                                 "stream has settled them, which is not known of a Kafka topic",
                                 connector.name));
  }
}

}  // namespace

Location topic_location(const Topic& topic, bool written) {
  return {"topic " + topic.name, topic.brokers, written, {}, {}};
}

void check_config(const Config& config, Diagnostics& problems) {
  check_names(config, problems);
  check_data_folder(config, problems);
  check_members(config, problems);
  check_groups(config, problems);
  check_exactly_once(config, problems);
  check_outputs(config, problems);
  check_event_shapes(config, problems);
  check_dead_letters(config, problems);
  check_sources_into_topics(config, problems);
  // Of what could not be read, nothing is known.
  if (!problems.has_errors()) check_retention(config, problems);
  check_routes(config, problems);
  check_loops(config, problems);
  check_written(config, problems);
}

}  // namespace pelton::config
