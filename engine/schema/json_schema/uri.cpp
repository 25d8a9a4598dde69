// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_schema/uri.h"

#include <algorithm>
#include <charconv>

namespace pelton::schema::json_schema {
namespace {

// Up to the colon; empty: it has none.
std::string_view scheme_of(std::string_view uri) {
  const std::size_t colon = uri.find_first_of(":/?#");
  return colon == std::string_view::npos || uri[colon] != ':' ? std::string_view{}
                                                              : uri.substr(0, colon + 1);
}

// Where the path begins: behind the scheme and the host.
std::size_t path_at(std::string_view uri) {
  const std::size_t scheme = scheme_of(uri).size();
  if (!uri.substr(scheme).starts_with("//")) return scheme;
  return std::min(uri.find('/', scheme + 2), uri.size());
}

}  // namespace

std::string resolved(std::string_view base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  base = base.substr(0, base.find_first_of("?#"));
  if (reference.empty()) return std::string(base);
  if (!scheme_of(reference).empty()) return std::string(reference);
  if (reference.starts_with("//")) return std::string(scheme_of(base)) + std::string(reference);
  const std::size_t path = path_at(base);
  if (reference.starts_with('/')) return std::string(base.substr(0, path)) + std::string(reference);
  std::string_view folder = base.substr(0, std::max(path, base.rfind('/') + 1));
  for (;;) {
    if (reference.starts_with("./")) {
      reference.remove_prefix(2);
    } else if (reference.starts_with("../") && folder.size() > path + 1) {
      reference.remove_prefix(3);
      folder = folder.substr(0, folder.rfind('/', folder.size() - 2) + 1);
    } else {
      return std::string(folder) + std::string(reference);
    }
  }
}

std::string without_escapes(std::string_view fragment) {
  std::string text;
  for (std::size_t i = 0; i < fragment.size(); ++i) {
    unsigned byte = 0;
    const char* digits = fragment.data() + i + 1;
    const bool percent = fragment[i] == '%' && i + 2 < fragment.size() &&
                         std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    text += percent ? static_cast<char>(byte) : fragment[i];
    if (percent) i += 2;
  }
  return text;
}

}  // namespace pelton::schema::json_schema
