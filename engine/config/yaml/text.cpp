// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/text.h"

#include "engine/base/utf8.h"

#include <algorithm>

namespace pelton::config {
namespace {

// Index of a place's byte; the text's size when it has no such line.
std::size_t index_of(std::string_view text, Place place) {
  std::size_t at = 0;
  for (std::uint32_t line = 1; line < place.line; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return text.size();
    ++at;
  }
  return std::min(at + place.column - 1, text.size());
}

}  // namespace

std::size_t first_bad_byte(std::string_view text) {
  return std::min({first_not_utf8(text), text.find('\0'), text.size()});
}

Place place_at(std::string_view text, std::size_t at) {
  Place place{1, 1};
  for (std::size_t i = 0; i < at; ++i) {
    ++place.column;
    if (text[i] == '\n') place = {place.line + 1, 1};
  }
  return place;
}

bool indented_by_tab(std::string_view text, Place place) {
  const std::size_t at = index_of(text, {place.line, 1});
  const std::size_t end = std::min(text.find_first_not_of(" \t", at), text.size());
  return text.substr(at, end - at).find('\t') != std::string_view::npos;
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

bool unclosed_quote(std::string_view text, Place place) {
  text = without_mark(text);
  std::size_t at = index_of(text, place);
  // An anchor or a tag may stand before the quote.
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    at = std::min(text.find_first_of(" \t\r\n", at), text.size());
    at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
  }
  if (at == text.size() || (text[at] != '"' && text[at] != '\'')) return false;
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || at + 1 == text.size() || text[at + 1] != quote) return false;
      ++at;
    }
  }
  return true;
}

}  // namespace pelton::config
