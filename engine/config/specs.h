// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/connector_options.h"

#include <string>
#include <vector>

namespace pelton::config {

// The options of one direction of a kind of connector, as a section named by its type.
SectionSpec connector_type_spec(const ConnectorOptions& type, Direction direction);

// Every section with its key: engine, streams, connectors, functions, bindings.
struct TopLevel {
  std::string key;
  const SectionSpec* spec;
  bool named;  // a mapping of names to the section
};
std::vector<TopLevel> top_levels();

}  // namespace pelton::config
