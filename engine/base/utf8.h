// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pelton {

// Index of the first byte that is not part of well-formed UTF-8; the size when all of it is.
std::size_t first_not_utf8(std::string_view text);
inline bool is_utf8(std::string_view text) {
  return first_not_utf8(text) == text.size();
}
// The text with U+FFFD for every byte that is not UTF-8: what workers write may be anything.
std::string to_utf8(std::string_view text);
// For whoever reads it: the first bytes, at most `most` of the text's own, as UTF-8, and "..." if
// that is not all. No character is cut.
std::string shortened(std::string_view text, std::size_t most);

}  // namespace pelton
