// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/json_schema/schema.h"
#include "engine/schema/path.h"

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>

namespace pelton::schema::json_schema {

// Checks one value against a schema. Keywords of drafts 4 to 7 and those of later drafts that mean
// the same; `format` and what is not known are notes, as the specification has it. One use.
class Validator {
 public:
  explicit Validator(const Schema& schema) : schema_(schema) {}
  // invalid (E6165): with the place.
  Status check(const boost::json::value& value);

 private:
  using Value = boost::json::value;
  using Object = boost::json::object;

  template <typename... Args>
  bool bad(fmt::format_string<Args...> sentence, Args&&... args);
  // Counts what is done; false: it is too much.
  bool step(std::size_t work = 1);
  bool same(const Value& a, const Value& b);
  std::size_t hash_of(const Value& of);
  bool all_differ(const boost::json::array& list);
  bool matches(std::string_view pattern, std::string_view text);
  // Whether it holds; what is wrong is not told.
  bool holds(const Value& schema, const Value& value);
  bool valid(const Value& schema, const Value& value);
  bool keywords(const Object& schema, const Value& value);
  bool type(const Value& types, const Value& value);
  bool choices(const Object& schema, const Value& value);
  bool combined(const Object& schema, const Value& value);
  bool one_of(const Value& schemas, const Value& value);
  bool conditional(const Object& schema, const Value& value);
  bool number(const Object& schema, const Value& value);
  bool text(const Object& schema, const Value& value);
  bool array(const Object& schema, const Value& value);
  bool contained(const Object& schema, const boost::json::array& list);
  bool items(const Object& schema, const boost::json::array& items);
  bool object(const Object& schema, const Value& value);
  bool properties(const Object& schema, const Object& value);
  bool property(const Object& schema, std::string_view name, const Value& value);
  bool dependencies(const Object& schema, const Value& value);
  bool has_all(const Value& names, const Object& value);

  const Schema& schema_;
  Path path_;
  std::string fault_;
  int depth_ = 0;
  int quiet_ = 0;  // asked by holds()
  std::size_t steps_ = 0;
};

}  // namespace pelton::schema::json_schema
