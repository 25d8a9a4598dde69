// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton {

// The text as a JSON string; U+FFFD for bytes that are not UTF-8.
std::string json_quoted(std::string_view text);

}  // namespace pelton
