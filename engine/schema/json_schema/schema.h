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
#include <unordered_set>
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
  // invalid (E6162): it is no JSON. All else that is wrong concerns only who checks values.
  static Result<std::unique_ptr<const Schema>> parse(const Source& source);
  ~Schema();

  // invalid (E6162): no valid schema, or it refers to something that is not among its references.
  const Status& checkable() const { return checkable_; }

  const boost::json::value& root() const { return *documents_.front().root; }
  // Of a schema object with a `$ref`. Never null for what root() leads to, if it is checkable.
  const boost::json::value* target(const boost::json::object& of) const {
    const auto found = targets_.find(&of);
    return found == targets_.end() ? nullptr : found->second;
  }
  const re2::RE2* pattern(std::string_view text) const {
    const auto found = patterns_.find(text);
    return found == patterns_.end() ? nullptr : found->second.get();
  }

 private:
  Schema();

  struct Document {
    std::string name;
    std::unique_ptr<const boost::json::value> root;
    std::string base;      // the URI of what is in it
    bool old_ids = false;  // draft 4: "id", not "$id"
  };
  // A place of a document, and the URI that references there are relative to.
  struct Place {
    std::size_t document = 0;
    std::string base;
    std::string at;  // "/properties/id"
    int depth = 0;
  };
  struct Reference {
    const boost::json::object* of = nullptr;
    std::string to;
    Place place;
  };
  // What a URI names.
  struct Named {
    const boost::json::value* schema = nullptr;
    std::size_t document = 0;
  };

  Status add(std::string name, const std::string& text);
  Status connect();
  Status walk(const boost::json::value& schema, Place place);
  Status walk_part(std::string_view keyword, const boost::json::value& part, const Place& place);
  Status walk_all(const boost::json::value& schemas, const Place& place);
  static Place within(const Place& place, std::string_view name);
  Status add_pattern(std::string_view text);
  Status follow(const Reference& reference);
  void name(const boost::json::value& schema, const boost::json::object& object, Place& place);
  Named root_of(const Reference& reference) const;
  const boost::json::value* find(const Named& root, const Reference& reference) const;

  std::vector<Document> documents_;  // the schema's own first, then what it refers to
  Status checkable_;
  std::vector<Reference> references_;
  std::unordered_set<const boost::json::value*> walked_;
  std::map<std::string, Named> named_;  // by URI; an anchor is its fragment
  std::unordered_map<const boost::json::object*, const boost::json::value*> targets_;
  std::map<std::string, std::unique_ptr<const re2::RE2>, std::less<>> patterns_;
};

}  // namespace pelton::schema::json_schema
