// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/copy_text.h"

#include <algorithm>

namespace pelton::postgres {
namespace {

char escaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

std::string_view unescape(std::string_view field, std::string& out) {
  const std::size_t from = out.size();
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool escape = field[i] == '\\' && i + 1 < field.size();
    out += escape ? escaped(field[++i]) : field[i];
  }
  return std::string_view(out).substr(from);
}

}  // namespace

void read_copy_line(std::string_view line, Row& row, std::string& unescaped) {
  row.clear();
  unescaped.clear();
  unescaped.reserve(line.size());  // views into it stay
  if (line.ends_with('\n')) line.remove_suffix(1);
  for (;;) {
    const std::size_t tab = std::min(line.find('\t'), line.size());
    const std::string_view field = line.substr(0, tab);
    if (field == "\\N")
      row.push_back({Field::Kind::null});
    else if (field.find('\\') == std::string_view::npos)
      row.push_back({Field::Kind::text, field});
    else
      row.push_back({Field::Kind::text, unescape(field, unescaped)});
    if (tab == line.size()) break;
    line.remove_prefix(tab + 1);
  }
}

}  // namespace pelton::postgres
