// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <string>

namespace pelton::config {

// Value. A part of a request that an event takes over: "path.id", "query.user", "header.x-tenant".
struct RequestField {
  enum class Kind : std::uint8_t { path, query, header } kind = Kind::path;
  std::string name;  // a header's in lower case

  bool operator==(const RequestField&) const = default;
};

// E1008: something else.
Result<RequestField> parse_request_field(const std::string& text);
std::string request_field_text(const RequestField& field);

}  // namespace pelton::config
