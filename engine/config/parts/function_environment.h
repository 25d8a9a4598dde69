// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/expand.h"

#include <map>
#include <string>

namespace pelton::config {

// A function's `environment`: names to texts, expanded. What looks like a secret and stands in the
// file itself is warned of.
std::map<std::string, std::string> read_environment(const Node& node, ReadContext& context);

}  // namespace pelton::config
