// SPDX-License-Identifier: Apache-2.0
#include "engine/http/body_schema.h"

namespace pelton::http {

Status check_data(const schema::Codec* schema, std::string_view data) {
  if (schema == nullptr) return {};
  std::string ignored;
  if (const auto ok = schema->encode(data, ignored); !ok)
    return fail(ErrorKind::invalid, "E7074", "the data does not match the schema of the route: {}",
                ok.error().message);
  return {};
}

}  // namespace pelton::http
