// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/request_field.h"

#include <algorithm>
#include <utility>

namespace pelton::config {
namespace {

using Kind = RequestField::Kind;
constexpr std::pair<std::string_view, Kind> kPrefixes[] = {
    {"path.", Kind::path}, {"query.", Kind::query}, {"header.", Kind::header}};

}  // namespace

Result<RequestField> parse_request_field(const std::string& text) {
  for (const auto& [prefix, kind] : kPrefixes) {
    if (!text.starts_with(prefix) || text.size() == prefix.size()) continue;
    RequestField field{kind, text.substr(prefix.size())};
    if (kind == Kind::header)
      std::ranges::transform(field.name, field.name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      });
    return field;
  }
  return fail(ErrorKind::invalid, "E1008", "is not path.NAME, query.NAME or header.NAME");
}

std::string request_field_text(const RequestField& field) {
  for (const auto& [prefix, kind] : kPrefixes)
    if (kind == field.kind) return std::string(prefix) + field.name;
  return field.name;
}

}  // namespace pelton::config
