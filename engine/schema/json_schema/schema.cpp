// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_schema/schema.h"

#include "engine/base/utf8.h"
#include "engine/schema/codec.h"
#include "engine/schema/json_schema/keywords.h"
#include "engine/schema/json_schema/uri.h"

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

// Both are the same, or one is a URL that ends with the other.
bool is_named(std::string_view uri, std::string_view document) {
  const auto ends = [](std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.ends_with(end) &&
           text[text.size() - end.size() - 1] == '/';
  };
  return uri == document || ends(uri, document) || ends(document, uri);
}

std::string_view text_of(const json::object& object, std::string_view keyword) {
  const json::value* value = object.if_contains(keyword);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view{};
}

}  // namespace

Schema::Schema() = default;
Schema::~Schema() = default;

Result<std::unique_ptr<const Schema>> Schema::parse(const Source& source) {
  std::unique_ptr<Schema> schema(new Schema);
  if (auto ok = schema->add("", source.text); !ok) return std::unexpected(ok.error());
  for (const Source::Reference& each : source.references)
    if (auto ok = schema->add(each.name, each.text); !ok) return std::unexpected(ok.error());
  schema->checkable_ = schema->connect();
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

// Walks through all documents, then to where references lead, which may be under keywords that
// nobody knows, and to the references there.
Status Schema::connect() {
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    Document& each = documents_[i];
    if (const json::object* root = each.root->if_object())
      each.old_ids = text_of(*root, "$schema").find("draft-04") != std::string_view::npos;
    named_.emplace(each.name, Named{each.root.get(), i});
    if (auto ok = walk(*each.root, {i, each.name, "", 0}); !ok) return ok;
  }
  for (std::size_t i = 0; i < references_.size(); ++i)
    if (auto ok = follow(Reference(references_[i])); !ok) return ok;
  references_.clear();
  return {};
}

// Keeps the names that the schema gives to itself; what is in it is relative to them.
void Schema::name(const json::value& schema, const json::object& object, Place& place) {
  Document& document = documents_[place.document];
  const std::string_view id = text_of(object, document.old_ids ? "id" : "$id");
  if (id.starts_with('#')) {
    named_.emplace(place.base + std::string(id), Named{&schema, place.document});
  } else if (!id.empty()) {
    place.base = resolved(place.base, id);
    named_.emplace(place.base, Named{&schema, place.document});
  }
  if (&schema == document.root.get()) document.base = place.base;
  if (const std::string_view anchor = text_of(object, "$anchor"); !anchor.empty())
    named_.emplace(fmt::format("{}#{}", place.base, anchor), Named{&schema, place.document});
}

Status Schema::walk(const json::value& schema, Place place) {
  if (schema.is_bool()) return {};
  const json::object* object = schema.if_object();
  if (object == nullptr) return bad("a schema is neither an object nor a boolean");
  if (place.depth > kMostDepth) return bad("it is nested more than {} deep", kMostDepth);
  if (!walked_.insert(&schema).second) return {};
  name(schema, *object, place);
  if (const auto fault = fault_of(*object))
    return bad("{}{}", place.at.empty() ? "" : shortened(place.at, 200) + ": ", *fault);
  ++place.depth;
  for (const auto& [keyword, part] : *object) {
    if (keyword == "$ref" && part.is_string()) {
      references_.push_back({object, std::string(part.get_string()), place});
    } else if (keyword == "pattern" && part.is_string()) {
      if (auto ok = add_pattern(part.get_string()); !ok) return ok;
    } else if (auto ok = walk_part(keyword, part, place); !ok) {
      return ok;
    }
  }
  return {};
}

Schema::Place Schema::within(const Place& place, std::string_view name) {
  return {place.document, place.base, fmt::format("{}/{}", place.at, name), place.depth};
}

Status Schema::walk_part(std::string_view keyword, const json::value& part, const Place& place) {
  const auto is = [keyword](const auto& words) {
    return std::ranges::find(words, keyword) != words.end();
  };
  if (part.is_array() && is(kList)) return walk_all(part, within(place, keyword));
  if (is(kSchema)) return walk(part, within(place, keyword));
  if (!part.is_object() || !is(kNamed)) return {};
  for (const auto& [name, inner] : part.get_object()) {
    if (keyword == "patternProperties")
      if (auto ok = add_pattern(name); !ok) return ok;
    if (keyword == "dependencies" && inner.is_array()) continue;  // names of properties
    if (auto ok = walk(inner, within(within(place, keyword), name)); !ok) return ok;
  }
  return {};
}

Status Schema::walk_all(const json::value& schemas, const Place& place) {
  for (std::size_t i = 0; i < schemas.get_array().size(); ++i)
    if (auto ok = walk(schemas.get_array()[i], within(place, std::to_string(i))); !ok) return ok;
  return {};
}

Status Schema::add_pattern(std::string_view text) {
  auto& pattern = patterns_[std::string(text)];
  if (pattern) return {};
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_unique<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!made->ok())
    return bad("the pattern \"{}\" is not supported: {}", shortened(text, 200),
               shortened(made->error(), 200));
  pattern = std::move(made);
  return {};
}

// The document, or the part of one with an id of its own, that the reference names.
Schema::Named Schema::root_of(const Reference& reference) const {
  const std::string_view file = std::string_view(reference.to).substr(0, reference.to.find('#'));
  const std::string uri = resolved(reference.place.base, reference.to);
  if (const auto found = named_.find(uri); found != named_.end()) return found->second;
  const std::size_t own = reference.place.document;
  if (file.empty()) return {documents_[own].root.get(), own};
  for (const std::string_view name : {std::string_view(uri), file})
    for (std::size_t i = 0; i < documents_.size(); ++i)
      if (!documents_[i].name.empty() && is_named(name, documents_[i].name))
        return {documents_[i].root.get(), i};
  return {};
}

// Behind the reference's '#'. Null: it is not there.
const json::value* Schema::find(const Named& root, const Reference& reference) const {
  const std::size_t hash = reference.to.find('#');
  const std::string fragment =
      hash == std::string::npos ? "" : without_escapes(reference.to.substr(hash + 1));
  if (!fragment.empty() && !fragment.starts_with('/')) {
    const auto anchor =
        named_.find(fmt::format("{}#{}", resolved(reference.place.base, reference.to), fragment));
    return anchor == named_.end() ? nullptr : anchor->second.schema;
  }
  boost::system::error_code error;
  const json::value* found = root.schema->find_pointer(fragment, error);
  // Many have an id in a part, and mean the whole document all the same.
  return found != nullptr ? found : documents_[root.document].root->find_pointer(fragment, error);
}

Status Schema::follow(const Reference& reference) {
  const Named root = root_of(reference);
  if (root.schema == nullptr)
    return bad("`$ref` leads to \"{}\", which is not among its references",
               shortened(reference.to.substr(0, reference.to.find('#')), 200));
  const json::value* target = find(root, reference);
  if (target == nullptr)
    return bad("`$ref` leads to \"{}\", which is not there", shortened(reference.to, 200));
  targets_[reference.of] = target;
  return walk(*target, {root.document, documents_[root.document].base, reference.to, 0});
}

}  // namespace pelton::schema::json_schema
