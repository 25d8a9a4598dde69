// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_schema/schema.h"

#include "engine/schema/codec.h"

#include <boost/json/parse.hpp>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pelton::schema::json_schema {
namespace {

namespace json = boost::json;

// Keywords whose value is a schema, a list of schemas (or a schema), and schemas by name.
constexpr std::array<std::string_view, 10> kSchema{"additionalItems",
                                                   "additionalProperties",
                                                   "contains",
                                                   "else",
                                                   "if",
                                                   "items",
                                                   "not",
                                                   "propertyNames",
                                                   "then",
                                                   "unevaluatedItems"};
constexpr std::array<std::string_view, 5> kList{"allOf", "anyOf", "items", "oneOf", "prefixItems"};
constexpr std::array<std::string_view, 6> kNamed{
    "$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"};

template <typename... Args>
std::unexpected<Error> bad(fmt::format_string<Args...> sentence, Args&&... args) {
  return std::unexpected(
      Error{ErrorKind::invalid, "E6162",
            "not a valid JSON Schema: " + fmt::format(sentence, std::forward<Args>(args)...)});
}

std::string without_escapes(std::string_view pointer) {
  std::string text;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    unsigned byte = 0;
    const bool percent =
        pointer[i] == '%' && i + 2 < pointer.size() &&
        std::sscanf(std::string(pointer.substr(i + 1, 2)).c_str(), "%2x", &byte) == 1;
    text += percent ? static_cast<char>(byte) : pointer[i];
    if (percent) i += 2;
  }
  return text;
}

// The part of the reference before its fragment is the name of a document, or the end of a URL.
bool names(std::string_view reference, std::string_view document) {
  return reference == document ||
         (reference.size() > document.size() && reference.ends_with(document) &&
          reference[reference.size() - document.size() - 1] == '/');
}

}  // namespace

Schema::Schema() = default;
Schema::~Schema() = default;

Result<std::unique_ptr<const Schema>> Schema::parse(const Source& source) {
  std::unique_ptr<Schema> schema(new Schema);
  if (auto ok = schema->add("", source.text); !ok) return std::unexpected(ok.error());
  for (const Source::Reference& each : source.references)
    if (auto ok = schema->add(each.name, each.text); !ok) return std::unexpected(ok.error());
  for (std::size_t i = 0; i < schema->documents_.size(); ++i)
    if (auto ok = schema->walk(*schema->documents_[i].root, i, 0); !ok)
      return std::unexpected(ok.error());
  return std::unique_ptr<const Schema>(std::move(schema));
}

Status Schema::add(std::string name, const std::string& text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 2 * kMostDepth;
  auto value = json::parse(text, error, {}, options);
  if (error) return bad("it is not JSON ({})", error.message());
  documents_.push_back({std::move(name), std::make_unique<const json::value>(std::move(value))});
  return {};
}

Status Schema::walk(const json::value& schema, std::size_t document, int depth) {
  if (schema.is_bool()) return {};
  const json::object* object = schema.if_object();
  if (object == nullptr) return bad("a schema is neither an object nor a boolean");
  if (depth > kMostDepth) return bad("it is nested more than {} deep", kMostDepth);
  for (const auto& [keyword, part] : *object) {
    if (keyword == "$ref" && part.is_string()) {
      if (auto ok = add_target(*object, part.get_string(), document); !ok) return ok;
    } else if (keyword == "pattern" && part.is_string()) {
      if (auto ok = add_pattern(part.get_string()); !ok) return ok;
    } else if (auto ok = walk_part(keyword, part, document, depth + 1); !ok) {
      return ok;
    }
  }
  return {};
}

Status Schema::walk_part(std::string_view keyword, const json::value& part, std::size_t document,
                         int depth) {
  const auto is = [keyword](const auto& words) {
    return std::ranges::find(words, keyword) != words.end();
  };
  if (part.is_array() && is(kList)) return walk_all(part, document, depth);
  if (is(kSchema)) return walk(part, document, depth);
  if (!part.is_object() || !is(kNamed)) return {};
  for (const auto& [name, inner] : part.get_object()) {
    if (keyword == "patternProperties")
      if (auto ok = add_pattern(name); !ok) return ok;
    if (keyword == "dependencies" && inner.is_array()) continue;  // names of properties
    if (auto ok = walk(inner, document, depth); !ok) return ok;
  }
  return {};
}

Status Schema::walk_all(const json::value& schemas, std::size_t document, int depth) {
  for (const json::value& each : schemas.get_array())
    if (auto ok = walk(each, document, depth); !ok) return ok;
  return {};
}

Status Schema::add_pattern(std::string_view text) {
  auto& pattern = patterns_[std::string(text)];
  if (pattern) return {};
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_unique<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!made->ok()) return bad("the pattern \"{}\" is not supported: {}", text, made->error());
  pattern = std::move(made);
  return {};
}

Status Schema::add_target(const json::object& of, std::string_view reference,
                          std::size_t document) {
  const std::size_t hash = reference.find('#');
  const std::string_view file = reference.substr(0, hash);
  const json::value* root = documents_[document].root.get();
  if (!file.empty()) {
    const json::object* own = root->if_object();
    const json::value* id = own == nullptr ? nullptr : own->if_contains("$id");
    const bool itself =
        id != nullptr && id->is_string() && std::string_view(id->get_string()) == file;
    const auto found = std::ranges::find_if(documents_, [&](const Document& each) {
      return !each.name.empty() && names(file, each.name);
    });
    if (!itself && found == documents_.end())
      return bad("`$ref` leads to \"{}\", which is not among its references", file);
    if (!itself) root = found->root.get();
  }
  const std::string pointer =
      hash == std::string_view::npos ? "" : without_escapes(reference.substr(hash + 1));
  boost::system::error_code error;
  const json::value* target = root->find_pointer(pointer, error);
  if (target == nullptr) return bad("`$ref` leads to \"{}\", which is not there", reference);
  targets_[&of] = target;
  return {};
}

}  // namespace pelton::schema::json_schema
