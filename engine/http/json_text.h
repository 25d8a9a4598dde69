// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/json_quoted.h"
#include "engine/base/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// JSON taken as text: checked as a whole, then cut at its top-level members. A value that is passed
// on keeps its exact bytes: numbers of any length, the order of members, its spaces.
namespace pelton::http {

inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxJsonMembers = 64;

// Where a text stops being JSON: the index of the byte, and what is wrong.
struct JsonFault {
  std::size_t at = 0;
  std::string what;
};
using JsonCheck = std::expected<void, JsonFault>;

// One value, well-formed UTF-8, at most kMaxJsonDepth deep. Needs memory only for the depth.
JsonCheck check_json(std::string_view text);

struct JsonMember {
  std::string name;        // escapes decoded
  std::string_view value;  // its text, without spaces around it
  std::size_t at = 0;      // where its name begins
};

// The members of an object that check_json() found good; a fault when it is no object, names a
// member twice or has more than kMaxJsonMembers.
std::expected<std::vector<JsonMember>, JsonFault> json_members(std::string_view text);

// The text of a JSON string that check_json() found good, escapes decoded.
std::string json_string(std::string_view value);
inline bool is_json_string(std::string_view value) {
  return !value.empty() && value.front() == '"';
}

// The elements of an array that check_json() found good, each without spaces around it; a fault
// when it is no array or has more than `most`.
std::expected<std::vector<std::string_view>, JsonFault> json_elements(std::string_view text,
                                                                      std::size_t most);

// The texts of an array that check_json() found good; nothing when something else is among them.
std::optional<std::vector<std::string>> json_strings(std::string_view array);

}  // namespace pelton::http
