// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/place.h"

#include <cstddef>
#include <string_view>

// What is seen in a YAML file's text itself, where its parser is lax or words the problem badly.
namespace pelton::config {

// Where the text stops being UTF-8, or holds a NUL; its size when it never does.
std::size_t first_bad_byte(std::string_view text);
// The place of a byte.
Place place_at(std::string_view text, std::size_t at);
// The text behind a byte order mark, if it has one. Places count from there.
std::string_view without_mark(std::string_view text);
// Whether the line of the place is indented by a tab.
bool indented_by_tab(std::string_view text, Place place);
// Whether the quote at the place runs to the end of the text: yaml-cpp takes all of that as a text.
bool unclosed_quote(std::string_view text, Place place);

}  // namespace pelton::config
