// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pelton::s3 {

bool alphanumeric(char c);

// Percent-encoded for a path or query, as signatures have it: all but A-Z a-z 0-9 - . _ ~ and,
// where it may stay, the slash.
enum class Slash { encode, keep };
std::string uri_encoded(std::string_view text, Slash slash);

// A key as events have it: a space is "+", slashes stay.
std::string event_key(std::string_view key);

// What event_key() and listings with `encoding-type=url` encode. Nothing when an escape is broken.
std::optional<std::string> form_decoded(std::string_view text);

}  // namespace pelton::s3
