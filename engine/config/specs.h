// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/connector.h"
#include "engine/config/spec/option_spec.h"

#include <span>
#include <string>
#include <vector>

namespace pelton::config {

const SectionSpec& engine_spec();
const SectionSpec& stream_spec();
const SectionSpec& function_spec();
const SectionSpec& binding_spec();
// What every connector has beside the options of its type.
const SectionSpec& connector_spec();

// The options of a Kafka client, common to everything that has one.
SectionSpec kafka_client_spec(std::string sentence);

// The same and the topic.
SectionSpec kafka_topic_spec(std::string sentence);
// How a source that reads a topic is a member of its consumer group, and where a new one begins.
std::vector<OptionSpec> kafka_member_options();

// The options of one direction of a kind of connector, as a section named by its type.
SectionSpec connector_type_spec(const ConnectorOptions& type, Direction direction);

// Every section with the key under which it stands: engine, streams, connectors, functions,
// bindings.
struct TopLevel {
  std::string key;
  const SectionSpec* spec;
  bool named;  // a mapping of names to the section
};
std::vector<TopLevel> top_levels();

}  // namespace pelton::config
