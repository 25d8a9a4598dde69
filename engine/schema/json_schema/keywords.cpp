// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_schema/keywords.h"

#include "engine/base/utf8.h"
#include "engine/schema/codec.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace pelton::schema::json_schema {
namespace {

using boost::json::value;

bool is_text(const value& of) {
  return of.is_string();
}

bool is_flag(const value& of) {
  return of.is_bool();
}

bool is_list(const value& of) {
  return of.is_array();
}

bool is_number(const value& of) {
  return of.is_number();
}

bool is_bound(const value& of) {  // draft 4: of `minimum` and `maximum`
  return of.is_number() || of.is_bool();
}

bool is_positive(const value& of) {
  return of.is_number() && of.to_number<double>() > 0;
}

bool is_count(const value& of) {
  const double number = of.is_number() ? of.to_number<double>() : -1;
  return number >= 0 && std::trunc(number) == number;
}

bool is_schema(const value& of) {
  return of.is_object() || of.is_bool();
}

bool are_schemas(const value& of) {
  return of.is_array() && !of.get_array().empty();
}

bool is_schema_or_list(const value& of) {
  return is_schema(of) || of.is_array();
}

bool are_named(const value& of) {
  return of.is_object();
}

bool are_names(const value& of) {
  return of.is_array() && std::ranges::all_of(of.get_array(), is_text);
}

bool are_needs(const value& of) {
  return of.is_object() && std::ranges::all_of(of.get_object(), [](const auto& each) {
           return are_names(each.value()) || is_schema(each.value());
         });
}

bool is_type(const value& of) {
  constexpr std::array<std::string_view, 7> kTypes{"null",   "boolean", "object", "array",
                                                   "number", "string",  "integer"};
  return of.is_string() &&
         std::ranges::find(kTypes, std::string_view(of.get_string())) != kTypes.end();
}

bool are_types(const value& of) {
  return is_type(of) || (are_schemas(of) && std::ranges::all_of(of.get_array(), is_type));
}

struct Keyword {
  std::string_view name;
  bool (*good)(const value& of);
  const char* wanted;
};

constexpr const char* kCount = "a whole number, not below 0";
constexpr const char* kASchema = "a schema (an object or a boolean)";
constexpr const char* kListOfSchemas = "a list of schemas, not empty";
constexpr const char* kNamedSchemas = "an object with schemas";
constexpr const char* kNeeds = "an object with lists of names";
constexpr const char* kBound = "a number";

constexpr std::array kKeywords{
    Keyword{"type", are_types,
            "one or a list of null, boolean, object, array, number, string, integer"},
    Keyword{"enum", is_list, "a list"},
    Keyword{"multipleOf", is_positive, "a number above 0"},
    Keyword{"minimum", is_number, kBound},
    Keyword{"maximum", is_number, kBound},
    Keyword{"exclusiveMinimum", is_bound, kBound},
    Keyword{"exclusiveMaximum", is_bound, kBound},
    Keyword{"minLength", is_count, kCount},
    Keyword{"maxLength", is_count, kCount},
    Keyword{"pattern", is_text, "a text"},
    Keyword{"items", is_schema_or_list, "a schema or a list of schemas"},
    Keyword{"prefixItems", are_schemas, kListOfSchemas},
    Keyword{"additionalItems", is_schema, kASchema},
    Keyword{"contains", is_schema, kASchema},
    Keyword{"minContains", is_count, kCount},
    Keyword{"maxContains", is_count, kCount},
    Keyword{"minItems", is_count, kCount},
    Keyword{"maxItems", is_count, kCount},
    Keyword{"uniqueItems", is_flag, "true or false"},
    Keyword{"properties", are_named, kNamedSchemas},
    Keyword{"patternProperties", are_named, kNamedSchemas},
    Keyword{"additionalProperties", is_schema, kASchema},
    Keyword{"propertyNames", is_schema, kASchema},
    Keyword{"required", are_names, "a list of names"},
    Keyword{"dependencies", are_needs, kNeeds},
    Keyword{"dependentRequired", are_needs, kNeeds},
    Keyword{"dependentSchemas", are_named, kNamedSchemas},
    Keyword{"minProperties", is_count, kCount},
    Keyword{"maxProperties", is_count, kCount},
    Keyword{"allOf", are_schemas, kListOfSchemas},
    Keyword{"anyOf", are_schemas, kListOfSchemas},
    Keyword{"oneOf", are_schemas, kListOfSchemas},
    Keyword{"not", is_schema, kASchema},
    Keyword{"if", is_schema, kASchema},
    Keyword{"then", is_schema, kASchema},
    Keyword{"else", is_schema, kASchema},
    Keyword{"$ref", is_text, "a text"},
};

// Those of later drafts whose meaning follows from how values were checked elsewhere.
constexpr std::array<std::string_view, 4> kUnsupported{"unevaluatedItems", "unevaluatedProperties",
                                                       "$dynamicRef", "$recursiveRef"};

}  // namespace

std::optional<std::string> fault_of(const boost::json::object& schema) {
  for (const std::string_view name : kUnsupported)
    if (schema.contains(name)) return fmt::format("`{}` is not supported", name);
  for (const auto& [name, good, wanted] : kKeywords) {
    const value* of = schema.if_contains(name);
    if (of != nullptr && !good(*of))
      return fmt::format("`{}` is {}, not {}", name,
                         shortened(boost::json::serialize(*of), kMostQuoted), wanted);
  }
  return std::nullopt;
}

}  // namespace pelton::schema::json_schema
