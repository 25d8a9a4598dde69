// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/number.h"
#include "engine/config/yaml/place.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// What an expression can name: an attribute, a header, a JSON path in the data.
struct FieldRef {
  enum class Kind {
    id,
    source,
    type,
    subject,
    content_type,
    key,
    time,
    header,
    data
  } kind = Kind::key;
  std::string header;             // headers.<name>
  std::vector<std::string> path;  // data.a.b -> {a, b}; empty: the whole data as text
  std::string text;               // as written
  Place place;
};

// One condition on a field's value.
struct Matcher {
  enum class Kind { equals, prefix, suffix, glob, exists, range } kind = Kind::equals;
  std::string text;              // prefix, suffix, glob, equals (string)
  std::optional<Number> number;  // equals (number)
  std::optional<bool> flag;      // equals (bool); exists: true or false
  bool null = false;             // equals null
  // range: each bound may be absent
  std::optional<Number> above, at_least, below, at_most;
};

// A field passes when any of its matchers holds; an event passes a filter when every field does.
struct FilterRule {
  FieldRef field;
  std::vector<Matcher> any_of;
};

}  // namespace pelton::config
