// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/filter_rule.h"

#include <string>
#include <vector>

namespace pelton::config {

// Value. A field of an event that filters and idempotency keys can name.
struct EventField {
  std::string name;  // "headers.NAME" and "data.PATH" stand for many
  FieldRef::Kind kind;
  std::string sentence;
};

// Value. A condition of a filter.
struct FilterCondition {
  std::string name;
  Matcher::Kind kind;
  std::string sentence;
  std::string example;
};

// The only source of their parsing, errors, descriptions and schema.
const std::vector<EventField>& event_fields();
const std::vector<FilterCondition>& filter_conditions();

}  // namespace pelton::config
