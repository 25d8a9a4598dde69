// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/reader.h"

#include <optional>

namespace pelton::config {

// `key`, `type`, `headers.NAME`, `data.PATH`, ...; nothing (and a problem) when it is none of them.
std::optional<FieldRef> read_field(const std::string& text, Place place, Diagnostics& problems);

// A mapping of fields to what they must hold: a value, a list of values, or conditions.
std::vector<FilterRule> read_filter(const Node& node, Diagnostics& problems);

}  // namespace pelton::config
