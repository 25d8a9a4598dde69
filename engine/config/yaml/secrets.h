// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/expand.h"

#include <string>
#include <string_view>

// What looks like a secret: such values are never shown and do not belong in the file itself.
namespace pelton::config {

// "db_password", "API_KEY".
bool secret_name(std::string name);
// A secret whatever its name: keys of well-known shape, URLs with a password.
bool secret_value(std::string_view value);

// Warns (E1102) when the value of `what` stands in the file itself, and keeps it out of messages.
void guard_secret(const std::string& what, const Node& value, ReadContext& context);

}  // namespace pelton::config
