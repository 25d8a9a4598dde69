// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/schema.h"

#include "engine/config/parts/filter_spec.h"
#include "engine/config/parts/function.h"
#include "engine/config/spec/values.h"
#include "engine/config/specs.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::config {
namespace {

namespace json = boost::json;

// ${env:NAME} may stand for any value.
constexpr const char* kExpansion = "\\$\\{(env|file):";

json::object typed(const char* name) {
  return {{"type", name}};
}

json::object reference(const std::string& definition) {
  return {{"$ref", "#/$defs/" + definition}};
}

json::object or_expansion(json::object schema) {
  return {{"anyOf", json::array{std::move(schema), reference("expansion")}}};
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
  const json::object scalar = reference("scalar");
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
  const json::object condition = reference("condition");
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
  const json::object text = reference("text");
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
      return {{"type", "object"}, {"additionalProperties", reference("scalar")}};
    case OptionType::value:
      return {};
    case OptionType::filter:
      return reference("filter");
    case OptionType::text:
    case OptionType::path:
      break;
  }
  return text;
}

// Keys that are the user's own.
json::object extensions() {
  return {{"^x-", true}};
}

std::string description(const OptionSpec& option) {
  std::string text = option.sentence;
  if (!option.at_least.empty()) text += " At least " + option.at_least + ".";
  if (!option.at_most.empty()) text += " At most " + option.at_most + ".";
  return text;
}

// What an option's text would be in the file: a number or boolean as such, "[a, b]" as a list.
json::value written(const OptionSpec& option, const std::string& text) {
  const bool plain = option.type == OptionType::boolean || option.type == OptionType::number ||
                     option.type == OptionType::real || option.type == OptionType::text_list;
  boost::system::error_code not_json;
  json::value value = plain ? json::parse(text, not_json) : json::value(text);
  return not_json ? json::value(text) : value;
}

// An editor shows the sentence, fills in the default and offers the example. The example of a
// filter or a map is written as YAML, not as one value: it is part of the description.
json::object option_schema(const OptionSpec& option) {
  json::object value = value_schema(option);
  // Beside a $ref nothing else counts.
  json::object schema =
      value.contains("$ref") ? json::object{{"allOf", json::array{std::move(value)}}} : value;
  schema["description"] = description(option);
  if (!option.fallback.empty()) schema["default"] = written(option, option.fallback);
  const bool structured = option.type == OptionType::filter || option.type == OptionType::value ||
                          option.type == OptionType::text_map;
  if (!option.example.empty() && structured)
    schema["description"] = description(option) + " Example: " + option.example;
  else if (!option.example.empty())
    schema["examples"] = json::array{written(option, option.example)};
  return schema;
}

// Names of parts, and of sections that the user names.
constexpr const char* kName = "^[a-z0-9][a-z0-9_.-]{0,62}$";

// "retry:" with nothing behind it is an empty mapping, unless something is required.
json::object or_nothing(json::object schema) {
  if (!schema.contains("required")) schema["type"] = json::array{"object", "null"};
  return schema;
}

json::object within_schema(const SectionSpec& section);

json::object section_schema(const SectionSpec& section) {
  json::object properties;
  json::array required;
  for (const OptionSpec& option : section.options) {
    properties[option.name] = option_schema(option);
    if (option.required) required.emplace_back(option.name);
  }
  for (const SectionSpec& child : section.sections) properties[child.name] = within_schema(child);
  json::object schema{{"type", "object"},
                      {"description", section.sentence},
                      {"properties", properties},
                      {"patternProperties", extensions()},
                      {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

// A section's mapping, or the value that may be given in its place.
json::object entry_schema(const SectionSpec& section) {
  json::object mapping = or_nothing(section_schema(section));
  const OptionSpec* option = shorthand_of(section);
  if (option == nullptr) return mapping;
  return {{"description", section.sentence},
          {"anyOf", json::array{std::move(mapping), option_schema(*option)}}};
}

json::object within_schema(const SectionSpec& section) {
  json::object entry = entry_schema(section);
  if (section.shape == SectionShape::one) return entry;
  const bool listed = section.shape == SectionShape::listed;
  json::object schema{{"description", section.sentence},
                      {"type", json::array{listed ? "array" : "object", "null"}}};
  if (!listed) schema["propertyNames"] = texts(kName);
  schema[listed ? "items" : "additionalProperties"] = std::move(entry);
  return schema;
}

std::string definition_of(const ConnectorOptions& type, Direction direction) {
  return type.type + (direction == Direction::source ? "-source" : "-sink");
}

// Of a connector with `key` (`to`: a source, `from`: a sink): its type has the options of that
// direction, and a type without the direction is refused.
json::object in_direction(const char* key, Direction direction,
                          std::span<const ConnectorOptions> types) {
  json::object properties;
  for (const ConnectorOptions& type : types) {
    const bool has =
        direction == Direction::source ? type.source.has_value() : type.sink.has_value();
    properties[type.type] =
        has ? json::value(reference(definition_of(type, direction))) : json::value(false);
  }
  return {{"if", json::object{{"required", json::array{key}}}},
          {"then", json::object{{"properties", std::move(properties)}}}};
}

// A connector: the common options, one direction and one of the types.
json::object connector_schema(std::span<const ConnectorOptions> types) {
  json::object schema = section_schema(connector_spec());
  json::object& properties = schema["properties"].as_object();
  json::array has_type;
  for (const ConnectorOptions& type : types) {
    properties[type.type] = json::object{{"description", type.sentence}};
    has_type.emplace_back(json::object{{"required", json::array{type.type}}});
  }
  const json::object to{{"required", json::array{"to"}}};
  const json::object from{{"required", json::array{"from"}}};
  json::array all{json::object{{"oneOf", json::array{to, from}}}};
  if (!has_type.empty()) all.emplace_back(json::object{{"oneOf", has_type}});
  all.emplace_back(in_direction("to", Direction::source, types));
  all.emplace_back(in_direction("from", Direction::sink, types));
  schema["allOf"] = std::move(all);
  return schema;
}

// A function of one runtime: it has the options of that runtime and none of another.
json::object of_runtime(const RuntimeOptions& runtime, const json::object& of_any) {
  json::object own = section_schema(runtime.options.spec);
  json::object properties = own["properties"].as_object();
  for (const auto& [key, ignored] : of_any)
    if (!properties.contains(key)) properties[key] = false;
  json::object then{{"properties", std::move(properties)}};
  if (own.contains("required")) then["required"] = own["required"];
  return {{"if", json::object{{"required", json::array{"runtime"}},
                              {"properties",
                               json::object{{"runtime", json::object{{"const", runtime.name}}}}}}},
          {"then", std::move(then)}};
}

json::object function_schema(std::span<const RuntimeOptions> runtimes) {
  json::object of_any;
  for (const RuntimeOptions& runtime : runtimes) {
    const json::object own = section_schema(runtime.options.spec);
    for (const auto& property : own.at("properties").as_object()) of_any[property.key()] = true;
  }
  json::object schema = section_schema(function_spec(runtimes));
  for (const auto& [key, any] : of_any) schema["properties"].as_object()[key] = any;
  json::array all;
  for (const RuntimeOptions& runtime : runtimes) all.emplace_back(of_runtime(runtime, of_any));
  if (!all.empty()) schema["allOf"] = std::move(all);
  return schema;
}

json::object part_schema(const TopLevel& top, const Kinds& kinds) {
  if (top.key == "connectors") return connector_schema(kinds.connectors);
  if (top.key == "functions") return function_schema(kinds.runtimes);
  return section_schema(top.spec);
}

json::object definitions(const Kinds& kinds) {
  json::object defs{
      {"expansion",
       {{"description", "A value from the environment or a file."},
        {"type", "string"},
        {"pattern", kExpansion}}},
      // A plain number or boolean is a text as well.
      {"text", {{"type", json::array{"string", "number", "boolean"}}, {"minLength", 1}}},
      {"scalar", {{"type", json::array{"string", "number", "boolean", "null"}}}},
      {"condition", condition_schema()},
      {"filter", filter_schema()}};
  for (const ConnectorOptions& type : kinds.connectors) {
    if (type.source)
      defs[definition_of(type, Direction::source)] =
          entry_schema(connector_type_spec(type, Direction::source));
    if (type.sink)
      defs[definition_of(type, Direction::sink)] =
          entry_schema(connector_type_spec(type, Direction::sink));
  }
  for (const TopLevel& top : top_levels(kinds))
    if (top.named) defs[top.spec.name] = part_schema(top, kinds);
  return defs;
}

// A mapping of names to the section. A name with nothing behind it is an empty section.
json::object named(json::object section) {
  return {{"type", json::array{"object", "null"}},
          {"propertyNames", texts(kName)},
          {"additionalProperties", any_of({std::move(section), typed("null")})}};
}

}  // namespace

std::string json_schema(const Kinds& kinds) {
  json::object properties{{"version", json::object{{"const", 1}}}};
  for (const TopLevel& top : top_levels(kinds)) {
    properties[top.key] =
        top.named ? named(reference(top.spec.name)) : or_nothing(section_schema(top.spec));
  }
  return json::serialize(json::object{{"$schema", "http://json-schema.org/draft-07/schema#"},
                                      {"title", "Pelton config file"},
                                      {"type", "object"},
                                      {"required", json::array{"version"}},
                                      {"properties", properties},
                                      {"patternProperties", extensions()},
                                      {"additionalProperties", false},
                                      {"$defs", definitions(kinds)}});
}

}  // namespace pelton::config
