// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/schema/source.h"

#include <boost/json/value.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace re2 {
class RE2;
}

namespace pelton::schema::json_schema {

// Immutable. The documents of a JSON Schema, with what its `$ref`s lead to and its patterns ready
// to match. Own code: Debian's valijson matches patterns with std::regex, whose recursion a long
// text overflows.
class Schema {
 public:
  // invalid (E6162).
  static Result<std::unique_ptr<const Schema>> parse(const Source& source);
  ~Schema();

  const boost::json::value& root() const { return *documents_.front().root; }
  // Of a schema object with a `$ref`.
  const boost::json::value& target(const boost::json::object& of) const {
    return *targets_.at(&of);
  }
  const re2::RE2& pattern(std::string_view text) const { return *patterns_.at(std::string(text)); }

 private:
  Schema();

  struct Document {
    std::string name;
    std::unique_ptr<const boost::json::value> root;
  };

  Status add(std::string name, const std::string& text);
  Status walk(const boost::json::value& schema, std::size_t document, int depth);
  Status walk_part(std::string_view keyword, const boost::json::value& part, std::size_t document,
                   int depth);
  Status walk_all(const boost::json::value& schemas, std::size_t document, int depth);
  Status add_pattern(std::string_view text);
  Status add_target(const boost::json::object& of, std::string_view reference,
                    std::size_t document);

  std::vector<Document> documents_;  // the schema's own first, then what it refers to
  std::unordered_map<const boost::json::object*, const boost::json::value*> targets_;
  std::map<std::string, std::unique_ptr<const re2::RE2>> patterns_;
};

}  // namespace pelton::schema::json_schema
