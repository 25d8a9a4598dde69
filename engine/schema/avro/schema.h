// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/schema/source.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::schema::avro {

enum class Type : std::uint8_t {
  null,
  boolean,
  int_,
  long_,
  float_,
  double_,
  bytes,
  string,
  record,
  enum_,
  array,
  map,
  union_,
  fixed,
};

// Of a type that is none, or whose attributes do not fit it, only the type itself counts, as the
// specification wants it.
enum class Logical : std::uint8_t {
  none,
  decimal,
  date,
  time_millis,
  time_micros,
  timestamp_millis,
  timestamp_micros,
  local_timestamp_millis,
  local_timestamp_micros,
  duration,
};

struct Node;

struct Field {
  std::string name;
  std::string quoted;  // "name": as JSON has it before the value
  const Node* type = nullptr;
  std::optional<boost::json::value> fallback{};  // its default, in Avro's own JSON encoding
};

// Value. One type of a schema. Named types refer to each other, and to themselves.
struct Node {
  Type type = Type::null;
  Logical logical = Logical::none;
  std::string name;                     // the full name of a named type, else that of the type
  std::vector<Field> fields{};          // record
  std::vector<const Node*> branches{};  // union
  bool tagged = false;                  // a union whose values do not tell their branch in JSON
  std::vector<std::string> symbols{};   // enum
  const Node* items = nullptr;          // array, map
  std::size_t size = 0;                 // fixed
  std::uint32_t scale = 0;              // decimal
};

// Immutable. A schema as Avro 1.11 defines them. Own code, because Debian's avro-c neither bounds
// its recursion nor what it allocates for a length that a record claims.
class Schema {
 public:
  // `references` are schemas whose named types this one uses. invalid (E6162): no valid schema, or
  // one beyond the bounds.
  static Result<std::unique_ptr<const Schema>> parse(const Source& source);
  const Node& root() const { return *root_; }
  // About what it takes in memory.
  std::size_t bytes() const { return bytes_; }

 private:
  friend class Parser;
  std::vector<std::unique_ptr<Node>> nodes_;
  const Node* root_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace pelton::schema::avro
