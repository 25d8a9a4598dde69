// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pelton::http {

// The client context that a request's header has, as JSON on one line and in ASCII, which another
// header can have. Empty: none. Nothing: it is not the base64 of a JSON object, or too long.
inline constexpr std::size_t kLongestContext = 3583;
std::optional<std::string> read_client_context(std::string_view header);

}  // namespace pelton::http
