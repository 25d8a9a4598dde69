// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/filter_rule.h"
#include "engine/config/yaml/expand.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// `key`, `type`, `headers.NAME`, `data.PATH`, ...; nothing (and a problem) when it is none of them.
std::optional<FieldRef> read_field(const std::string& text, Place place, Diagnostics& problems);

// A mapping of fields to what they must hold: a value, conditions, or a list of either, any of
// which will do. All fields must hold.
std::vector<FilterRule> read_filter(const Node& node, ReadContext& context);

}  // namespace pelton::config
