// SPDX-License-Identifier: Apache-2.0
#include "engine/http/body_schema.h"

namespace pelton::http {

Status check_data(const schema::Codec* schema, std::string_view data) {
  if (schema == nullptr) return {};
  // A value takes many times its text in memory while it is checked.
  if (data.size() > schema::kMostJson)
    return fail(ErrorKind::invalid, "E7074", "the data is larger than the {} MiB that are checked",
                schema::kMostJson >> 20);
  std::string ignored;
  const auto ok = schema->encode(data, ignored);
  if (ok) return {};
  // Codecs speak of outputs: "the output does not fit its JSON Schema at $.id: ...".
  constexpr std::string_view kSubject = "the output ";
  const std::string_view why = ok.error().message;
  return fail(ErrorKind::invalid, "E7074", "the data {}",
              why.starts_with(kSubject) ? why.substr(kSubject.size()) : why);
}

}  // namespace pelton::http
