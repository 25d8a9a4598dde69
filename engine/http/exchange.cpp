// SPDX-License-Identifier: Apache-2.0
#include "engine/http/exchange.h"

#include <algorithm>

namespace pelton::http {

const std::string* path_parameter(const RoutedRequest& request, std::string_view name) {
  for (const auto& [known, value] : request.parameters)
    if (known == name) return &value;
  return nullptr;
}

const std::string* field_of(const RoutedRequest& request, const config::RequestField& field) {
  using Kind = config::RequestField::Kind;
  if (field.kind == Kind::path) return path_parameter(request, field.name);
  return field.kind == Kind::query ? request.request.parameter(field.name)
                                   : request.request.header(field.name);
}

std::string media_type(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ') || content_type.ends_with('\t')) content_type.remove_suffix(1);
  return lower_case(content_type);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

}  // namespace pelton::http
