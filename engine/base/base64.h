// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton {

// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
// Padding may be missing. False when it is not base64.
bool from_base64(std::string_view text, std::string& bytes);

}  // namespace pelton
