// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton::database {

// Appends the text as a JSON string; U+FFFD for bytes that are not UTF-8. Plain ASCII, which most
// values are, is copied as it is.
void append_quoted(std::string& out, std::string_view text);

}  // namespace pelton::database
