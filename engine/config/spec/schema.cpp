// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/schema.h"

#include "engine/config/parts/filter_spec.h"
#include "engine/config/specs.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::config {
namespace {

namespace json = boost::json;

// ${env:NAME} may stand for any value.
constexpr const char* kExpansion = "\\$\\{(env|file):";

json::object typed(const char* name) {
  return {{"type", name}};
}

json::object or_expansion(json::object schema) {
  return {
      {"anyOf", json::array{schema, json::object{{"type", "string"}, {"pattern", kExpansion}}}}};
}

json::object texts(const char* pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

// A number with a unit, or 0, which needs none.
json::object quantity(const char* pattern) {
  return {{"anyOf", json::array{texts(pattern), json::object{{"const", 0}}}}};
}

json::object any_of(json::array schemas) {
  return {{"anyOf", std::move(schemas)}};
}

json::object number_schema(const OptionSpec& option) {
  json::object schema = typed(option.type == OptionType::number ? "integer" : "number");
  if (!option.at_least.empty()) schema["minimum"] = std::stod(option.at_least);
  if (!option.at_most.empty()) schema["maximum"] = std::stod(option.at_most);
  return or_expansion(std::move(schema));
}

json::object condition_schema() {
  const json::object scalar{{"type", json::array{"string", "number", "boolean", "null"}}};
  json::object properties;
  for (const FilterCondition& condition : filter_conditions()) {
    json::object schema = condition.kind == Matcher::Kind::exists  ? typed("boolean")
                          : condition.kind == Matcher::Kind::range ? or_expansion(typed("number"))
                          : condition.kind == Matcher::Kind::equals
                              ? any_of({scalar, json::object{{"type", "array"}, {"items", scalar}}})
                              : json::object{{"type", json::array{"string", "number", "boolean"}}};
    schema["description"] = condition.sentence;
    properties[condition.name] = std::move(schema);
  }
  return any_of({scalar, json::object{{"type", "object"},
                                      {"properties", std::move(properties)},
                                      {"minProperties", 1},
                                      {"additionalProperties", false}}});
}

json::object filter_schema() {
  const json::object condition = condition_schema();
  const json::object list{{"type", "array"}, {"minItems", 1}, {"items", condition}};
  json::object properties;
  json::object patterns;
  for (const EventField& field : event_fields()) {
    json::object schema = any_of({condition, list});
    schema["description"] = field.sentence;
    if (field.name == "headers.NAME" || field.name == "data.PATH")
      patterns[field.name.starts_with("data") ? "^data\\..+$" : "^headers\\..+$"] = schema;
    else
      properties[field.name] = schema;
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"patternProperties", std::move(patterns)},
          {"additionalProperties", false}};
}

json::object value_schema(const OptionSpec& option) {
  // A plain number or boolean is a text as well.
  const json::object text{{"type", json::array{"string", "number", "boolean"}}};
  switch (option.type) {
    case OptionType::boolean:
      return or_expansion(typed("boolean"));
    case OptionType::number:
    case OptionType::real:
      return number_schema(option);
    case OptionType::size:
      return quantity("^([0-9.]+(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)|0|.*\\$\\{.*)$");
    case OptionType::duration:
      return quantity("^([0-9.]+(us|ms|s|m|h|d|w)|0|.*\\$\\{.*)$");
    case OptionType::choice:
      return or_expansion({{"enum", json::array(option.choices.begin(), option.choices.end())}});
    case OptionType::text_list:
      return any_of({text, json::object{{"type", "array"}, {"items", text}}});
    case OptionType::text_map:
      return {{"type", "object"}, {"additionalProperties", text}};
    case OptionType::filter:
      return filter_schema();
    case OptionType::text:
    case OptionType::path:
      break;
  }
  return text;
}

std::string description(const OptionSpec& option) {
  std::string text = option.sentence;
  if (!option.fallback.empty()) text += " Default: " + option.fallback + ".";
  if (!option.at_least.empty()) text += " At least " + option.at_least + ".";
  if (!option.at_most.empty()) text += " At most " + option.at_most + ".";
  if (!option.example.empty()) text += " Example: " + option.example;
  return text;
}

json::object section_schema(const SectionSpec& section) {
  json::object properties;
  json::array required;
  for (const OptionSpec& option : section.options) {
    json::object schema = value_schema(option);
    schema["description"] = description(option);
    properties[option.name] = schema;
    if (option.required) required.emplace_back(option.name);
  }
  for (const SectionSpec& child : section.sections) {
    json::object schema = section_schema(child);
    // "retry:" with nothing behind it is an empty mapping, unless something is required.
    if (!schema.contains("required")) schema["type"] = json::array{"object", "null"};
    properties[child.name] = std::move(schema);
  }
  json::object schema{{"type", "object"},
                      {"description", section.sentence},
                      {"properties", properties},
                      {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

// A connector: the common options and one of the types, whose options depend on the direction.
json::object connector_schema(std::span<const ConnectorOptions> types) {
  json::object schema = section_schema(connector_spec());
  json::object& properties = schema["properties"].as_object();
  json::array has_type;
  for (const ConnectorOptions& type : types) {
    json::array ways;
    if (type.source)
      ways.emplace_back(section_schema(connector_type_spec(type, Direction::source)));
    if (type.sink) ways.emplace_back(section_schema(connector_type_spec(type, Direction::sink)));
    properties[type.type] = json::object{{"anyOf", ways}};
    has_type.emplace_back(json::object{{"required", json::array{type.type}}});
  }
  const json::object to{{"required", json::array{"to"}}};
  const json::object from{{"required", json::array{"from"}}};
  json::array both{json::object{{"oneOf", json::array{to, from}}}};
  if (!has_type.empty()) both.emplace_back(json::object{{"oneOf", has_type}});
  schema["allOf"] = std::move(both);
  return schema;
}

// A mapping of names to the section. A name with nothing behind it is an empty section.
json::object named(json::object section) {
  return {{"type", json::array{"object", "null"}},
          {"propertyNames", texts("^[a-z0-9][a-z0-9_.-]{0,62}$")},
          {"additionalProperties", any_of({std::move(section), typed("null")})}};
}

}  // namespace

std::string json_schema(std::span<const ConnectorOptions> connectors) {
  json::object properties{{"version", json::object{{"const", 1}}}};
  for (const TopLevel& top : top_levels()) {
    json::object section =
        top.key == "connectors" ? connector_schema(connectors) : section_schema(*top.spec);
    properties[top.key] = top.named ? named(std::move(section)) : std::move(section);
  }
  return json::serialize(json::object{{"$schema", "http://json-schema.org/draft-07/schema#"},
                                      {"title", "Pelton config file"},
                                      {"type", "object"},
                                      {"required", json::array{"version"}},
                                      {"properties", properties},
                                      {"additionalProperties", false}});
}

}  // namespace pelton::config
