// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/filter_rule.h"

#include <map>
#include <string>
#include <vector>

// Filters as one would write them; equal filters have equal texts, whatever their order in a file.
namespace pelton::config {

std::string field_text(const FieldRef& field);
// Each rule's matchers by its field: {"type", "[reading, {prefix: alarm}]"}.
std::map<std::string, std::string> rule_texts(const std::vector<FilterRule>& rules);

}  // namespace pelton::config
