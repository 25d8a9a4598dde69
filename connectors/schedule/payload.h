// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/expand.h"
#include "engine/config/yaml/tree.h"

#include <optional>
#include <string>

namespace pelton::schedule {

// A YAML value as JSON. Unquoted true, false, null and numbers are such, other texts strings; a
// text that is itself JSON (an object or array in quotes) stands as it is. Nothing, and a problem
// at its place, when a variable is missing.
std::optional<std::string> to_json(const config::Node& node, config::ReadContext& context);

// What Amazon EventBridge sends to a function when a rule's time has come. `id` is made of the
// event's.
std::string eventbridge_document(const std::string& rule, const std::string& event_id,
                                 const std::string& time);

}  // namespace pelton::schedule
