// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_pattern.h"

#include <algorithm>

namespace pelton::database {
namespace {

// `*` any characters. Goes back to the newest `*` only, which is enough.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool TablePattern::Name::matches(std::string_view name) const {
  return exact ? text == name : glob(text, name);
}

bool TablePattern::matches(std::string_view schema, std::string_view table) const {
  return schema_.matches(schema) && table_.matches(table);
}

// Takes one name off the front of `rest`.
bool TablePattern::read_name(std::string_view& rest, Name& out) {
  if (rest.starts_with('"')) {
    const std::size_t end = rest.find('"', 1);
    if (end == std::string_view::npos) return false;
    out = {std::string(rest.substr(1, end - 1)), true};
    rest.remove_prefix(end + 1);
  } else {
    const std::size_t end = std::min(rest.find('.'), rest.size());
    out = {std::string(rest.substr(0, end)),
           rest.substr(0, end).find('*') == std::string_view::npos};
    rest.remove_prefix(end);
  }
  return !out.text.empty();
}

std::optional<TablePattern> TablePattern::parse(const std::string& text,
                                                const std::string& default_schema) {
  TablePattern out;
  out.text_ = text;
  std::string_view rest = text;
  bool good = read_name(rest, out.table_);
  if (good && rest.starts_with('.')) {
    rest.remove_prefix(1);
    out.schema_ = std::move(out.table_);
    good = read_name(rest, out.table_);
  } else {
    out.schema_.text = default_schema;
  }
  if (!good || !rest.empty() || out.schema_.text.empty()) return std::nullopt;
  return out;
}

bool wanted(const std::vector<TablePattern>& patterns, std::string_view schema,
            std::string_view table) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const TablePattern& pattern) {
           return pattern.matches(schema, table);
         });
}

}  // namespace pelton::database
