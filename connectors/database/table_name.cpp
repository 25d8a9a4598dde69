// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_name.h"

#include <string_view>

namespace pelton::database {
namespace {

std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string name;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"' && (i + 1 == rest.size() || rest[++i] != '"')) {
      rest.remove_prefix(rest[i] == '"' ? i + 1 : i);
      return name;
    }
    name += rest[i];
  }
  return std::nullopt;
}

std::optional<std::string> take_name(std::string_view& rest) {
  if (rest.starts_with('"')) return take_quoted(rest);
  const std::string_view name = rest.substr(0, rest.find('.'));
  if (name.find_first_of("\"* \t") != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(name.size());
  return std::string(name);
}

}  // namespace

std::optional<TableName> parse_table_name(const std::string& text, const std::string& schema) {
  // No server takes it in a name.
  if (text.find('\0') != std::string::npos) return std::nullopt;
  std::string_view rest = text;
  auto first = take_name(rest);
  if (!first || first->empty()) return std::nullopt;
  if (rest.empty()) return TableName{schema, std::move(*first)};
  if (!rest.starts_with('.')) return std::nullopt;
  rest.remove_prefix(1);
  auto second = take_name(rest);
  if (!second || second->empty() || !rest.empty()) return std::nullopt;
  return TableName{std::move(*first), std::move(*second)};
}

}  // namespace pelton::database
