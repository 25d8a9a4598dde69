// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/binding.h"
#include "engine/config/parts/connector.h"
#include "engine/config/parts/engine.h"
#include "engine/config/parts/function.h"
#include "engine/config/parts/stream.h"
#include "engine/config/spec/section.h"

#include <optional>
#include <span>
#include <string>

// One part of a config each: `node` is its mapping (or nothing), named `name` in the file. What had
// problems is as far as it got; nothing comes back where not even its kind is known. References to
// other parts are collected in the context.
namespace pelton::config {

Engine parse_engine(const Node& node, ReadContext& context);
Stream parse_stream(const std::string& name, const Node& node, ReadContext& context);
std::optional<Connector> parse_connector(const std::string& name, const Node& node,
                                         std::span<const ConnectorOptions> types,
                                         ReadContext& context);
std::optional<Function> parse_function(const std::string& name, const Node& node,
                                       ReadContext& context);
Binding parse_binding(const std::string& name, const Node& node, ReadContext& context);

// What bindings and sinks have in common.
struct Delivery {
  model::Order order;
  Retry retry;
  BatchLimits batch;
  std::uint32_t window;
};
Delivery parse_delivery(const Section& section, ReadContext& context);

// The topic under `path` ("kafka"; empty: the section itself) of a section that has
// kafka_topic_spec() there.
KafkaTopic parse_kafka_topic(const Section& section, const std::string& path,
                             const std::string& who, ReadContext& context);
// The text under `path` is a name that Kafka takes for a topic.
void check_topic(const Section& section, const std::string& path, const std::string& who,
                 ReadContext& context);
// How one is a member of a group: the options of group_options() are under `path`, `group` is the
// section's own. Without it the group is pelton.<name>.
KafkaGroup parse_kafka_group(const Section& section, const std::string& path,
                             const std::string& name);
// The option `start`.
Start parse_start(const Section& section, Diagnostics& problems);

// An option of type number whose bounds keep it within 32 bits.
std::uint32_t count(const Section& section, const std::string& path);

// Notes that `who` names a stream or function by this option, if it is there.
void refer(const Section& section, const std::string& path, Reference::Kind kind,
           const std::string& who, ReadContext& context);

}  // namespace pelton::config
