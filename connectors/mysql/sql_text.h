// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// Value. A word, number, name, text or sign of a statement.
struct SqlToken {
  enum class Kind : std::uint8_t { word, name, text, sign };
  Kind kind = Kind::sign;
  std::string text;   // of names and texts: without their quotes
  std::string lower;  // of words: in lower case, else empty
};

// Bits of sql_mode.
inline constexpr std::uint64_t kAnsiQuotes = 4;
inline constexpr std::uint64_t kNoBackslashEscapes = 0x100000;

// The tokens of a statement in UTF-8, without its comments; what a comment of the form /*! ... */
// has is taken as the servers take it. A text or comment that does not end goes to the end.
std::vector<SqlToken> tokens_of(std::string_view sql, std::uint64_t sql_mode);

// A name or a text as SQL writes it, whatever sql_mode says of backslashes.
std::string quoted_name(std::string_view name);
std::string quoted_text(std::string_view text);

}  // namespace pelton::mysql
