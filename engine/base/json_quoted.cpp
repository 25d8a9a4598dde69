// SPDX-License-Identifier: Apache-2.0
#include "engine/base/json_quoted.h"

#include "engine/base/utf8.h"

#include <fmt/format.h>

namespace pelton {
namespace {

std::string escape_of(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  }
}

bool needs_escape(char c) {
  return c == '"' || c == '\\' || (c >= 0 && c < 0x20);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text, plain, i - plain);
    out += escape_of(text[i]);
    plain = i + 1;
  }
  out.append(text, plain);
  out += '"';
  return out;
}

}  // namespace

std::string json_quoted(std::string_view text) {
  return is_utf8(text) ? in_quotes(text) : in_quotes(to_utf8(text));
}

}  // namespace pelton
