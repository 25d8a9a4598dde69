// SPDX-License-Identifier: Apache-2.0
#include "engine/config/schema.h"

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

json::object value_schema(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::boolean:
      return or_expansion(typed("boolean"));
    case OptionType::number:
    case OptionType::real: {
      json::object schema = typed(option.type == OptionType::number ? "integer" : "number");
      if (!option.at_least.empty()) schema["minimum"] = std::stod(option.at_least);
      if (!option.at_most.empty()) schema["maximum"] = std::stod(option.at_most);
      return or_expansion(std::move(schema));
    }
    case OptionType::size:
      return {{"type", json::array{"string", "integer"}},
              {"pattern", "^([0-9.]+ ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)|0|\\$\\{.*)$"}};
    case OptionType::duration:
      return {{"type", json::array{"string", "integer"}},
              {"pattern", "^([0-9.]+(us|ms|s|m|h|d|w)|0|\\$\\{.*)$"}};
    case OptionType::choice:
      return {{"enum", json::array(option.choices.begin(), option.choices.end())}};
    case OptionType::text_list:
      return {{"anyOf", json::array{typed("string"),
                                    json::object{{"type", "array"}, {"items", typed("string")}}}}};
    case OptionType::text_map:
      return {{"type", "object"},
              {"additionalProperties",
               json::object{{"type", json::array{"string", "number", "boolean"}}}}};
    case OptionType::filter:
      return typed("object");
    case OptionType::text:
    case OptionType::path:
      break;
  }
  return typed("string");
}

json::object section_schema(const SectionSpec& section) {
  json::object properties;
  json::array required;
  for (const OptionSpec& option : section.options) {
    json::object schema = value_schema(option);
    schema["description"] =
        option.sentence + (option.fallback.empty() ? "" : " Default: " + option.fallback + ".");
    properties[option.name] = schema;
    if (option.required) required.emplace_back(option.name);
  }
  for (const SectionSpec& child : section.sections) properties[child.name] = section_schema(child);
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
  for (const ConnectorOptions& type : types) {
    json::array ways;
    if (type.source)
      ways.emplace_back(section_schema(connector_type_spec(type, Direction::source)));
    if (type.sink) ways.emplace_back(section_schema(connector_type_spec(type, Direction::sink)));
    properties[type.type] = json::object{{"anyOf", ways}};
  }
  return schema;
}

json::object nullable(json::object schema) {
  return {{"anyOf", json::array{std::move(schema), typed("null")}}};
}

}  // namespace

std::string json_schema(std::span<const ConnectorOptions> connectors) {
  json::object properties{{"version", json::object{{"const", 1}}}};
  for (const TopLevel& top : top_levels()) {
    json::object section =
        top.key == "connectors" ? connector_schema(connectors) : section_schema(*top.spec);
    properties[top.key] =
        top.named ? json::object{{"type", "object"},
                                 {"propertyNames",
                                  json::object{{"pattern", "^[a-z0-9][a-z0-9_.-]{0,62}$"}}},
                                 {"additionalProperties", nullable(std::move(section))}}
                  : section;
  }
  return json::serialize(json::object{{"$schema", "http://json-schema.org/draft-07/schema#"},
                                      {"title", "Pelton config file"},
                                      {"type", "object"},
                                      {"required", json::array{"version"}},
                                      {"properties", properties},
                                      {"additionalProperties", false}});
}

}  // namespace pelton::config
