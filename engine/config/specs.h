// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/kinds.h"

#include <string>
#include <vector>

namespace pelton::config {

// The options of one direction of a kind of connector, as a section named by its type.
SectionSpec connector_type_spec(const ConnectorOptions& type, Direction direction);

// The options of functions of one runtime, as a section of its own.
SectionSpec runtime_spec(const RuntimeOptions& runtime);

// Every section with its key: engine, services, streams, connectors, functions, bindings,
// listeners, routes.
struct TopLevel {
  std::string key;
  SectionSpec spec;
  bool named;  // a mapping of names to the section
};
std::vector<TopLevel> top_levels(const Kinds& kinds);
// Their keys alone.
std::vector<std::string> top_keys();

}  // namespace pelton::config
