// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/option_spec.h"

#include <span>
#include <string>
#include <vector>

namespace pelton::config {

// Value. A mapping of the config file: its options and the mappings within it. The only description
// of both.
struct SectionSpec {
  std::string name;  // its key; "streams" names a mapping of names to this section
  std::string sentence;
  std::vector<OptionSpec> options;
  std::vector<SectionSpec> sections;
};

const SectionSpec& engine_spec();
const SectionSpec& stream_spec();
const SectionSpec& function_spec();
const SectionSpec& binding_spec();
// What every connector has beside the options of its type.
const SectionSpec& connector_spec();

// The options of a Kafka client, common to everything that has one.
SectionSpec kafka_client_spec(std::string sentence);

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
