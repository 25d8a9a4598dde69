// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_schema/validator.h"

#include "engine/base/utf8.h"
#include "engine/schema/codec.h"

#include <boost/json/serializer.hpp>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

namespace pelton::schema::json_schema {

// The beginning of a value, for messages: made only when there is one.
struct Shown {
  const boost::json::value& of;
};

}  // namespace pelton::schema::json_schema

template <>
struct fmt::formatter<pelton::schema::json_schema::Shown> : fmt::formatter<std::string_view> {
  auto format(const pelton::schema::json_schema::Shown& shown, fmt::format_context& to) const {
    std::array<char, pelton::schema::kMostQuoted> begin{};
    boost::json::serializer serializer;
    serializer.reset(&shown.of);
    const auto text = serializer.read(begin.data(), begin.size());
    return fmt::formatter<std::string_view>::format(
        pelton::shortened({text.data(), text.size()}, begin.size() - 20), to);
  }
};

namespace pelton::schema::json_schema {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

// A schema that refers to itself may go in circles, or take exponentially long.
constexpr int kMostNested = 400;
constexpr std::size_t kMostSteps = 5'000'000;
constexpr std::size_t kBytesAStep = 16;  // of a text that is looked at

std::optional<double> number_of(const value* of) {
  if (of == nullptr || !of->is_number()) return std::nullopt;
  return of->to_number<double>();
}

// A bound on a length or a count.
std::optional<std::size_t> count_of(const object& schema, std::string_view keyword) {
  const auto number = number_of(schema.if_contains(keyword));
  if (!number || *number < 0) return std::nullopt;
  return *number > 1e15 ? std::size_t{1} << 50 : static_cast<std::size_t>(*number);
}

bool is_integer(const value& of) {
  if (of.is_int64() || of.is_uint64()) return true;
  const double* number = of.if_double();
  return number != nullptr && std::isfinite(*number) && std::trunc(*number) == *number;
}

bool is_of(std::string_view type, const value& of) {
  if (type == "null") return of.is_null();
  if (type == "boolean") return of.is_bool();
  if (type == "string") return of.is_string();
  if (type == "array") return of.is_array();
  if (type == "object") return of.is_object();
  if (type == "number") return of.is_number();
  return type == "integer" && is_integer(of);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

Shown shown(const value& of) {
  return {of};
}

std::string cut(std::string_view text) {
  return shortened(text, kMostQuoted);
}

}  // namespace

template <typename... Args>
bool Validator::bad(fmt::format_string<Args...> sentence, Args&&... args) {
  if (fault_.empty() && quiet_ == 0)
    fault_ =
        fmt::format("{}: {}", path_.text(), fmt::format(sentence, std::forward<Args>(args)...));
  return false;
}

Status Validator::check(const Value& value) {
  if (valid(schema_.root(), value) && fault_.empty()) return {};
  return fail(ErrorKind::invalid, "E6165", "the output does not fit its JSON Schema at {}", fault_);
}

bool Validator::step(std::size_t work) {
  steps_ += work;
  if (steps_ <= kMostSteps && depth_ <= kMostNested) return true;
  steps_ = kMostSteps;  // and so it stays
  quiet_ = 0;
  return bad("the schema is too deep, or takes too long to check");
}

// 1 and 1.0 are the same, at any depth.
bool Validator::same(const Value& a, const Value& b) {
  if (!step()) return false;
  if (a.is_number() && b.is_number()) {
    if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
    return a == b;
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_string())
    return a.get_string().size() == b.get_string().size() &&
           step(a.get_string().size() / kBytesAStep) && a == b;
  if (a.is_array())
    return std::ranges::equal(a.get_array(), b.get_array(),
                              [this](const Value& x, const Value& y) { return same(x, y); });
  if (!a.is_object()) return a == b;
  const Object& right = b.get_object();
  return a.get_object().size() == right.size() &&
         std::ranges::all_of(a.get_object(), [&](const auto& each) {
           const Value* other = right.if_contains(each.key());
           return other != nullptr && same(each.value(), *other);
         });
}

// The same for what is the same().
std::size_t Validator::hash_of(const Value& of) {
  if (!step()) return 0;
  if (of.is_number()) return std::hash<double>()(of.to_number<double>());
  if (of.is_string()) {
    step(of.get_string().size() / kBytesAStep);
    return std::hash<std::string_view>()(of.get_string());
  }
  auto hash = static_cast<std::size_t>(of.kind());
  if (of.is_bool()) return of.get_bool() ? ~hash : hash;
  if (const auto* list = of.if_array())
    for (const Value& each : *list) hash = hash * 31 + hash_of(each);
  if (const auto* members = of.if_object())  // in any order
    for (const auto& [name, each] : *members)
      hash += std::hash<std::string_view>()(name) * 31 ^ hash_of(each);
  return hash;
}

bool Validator::all_differ(const boost::json::array& list) {
  std::unordered_multimap<std::size_t, std::size_t> places;  // by hash
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t hash = hash_of(list[i]);
    const auto [first, last] = places.equal_range(hash);
    for (auto other = first; other != last; ++other)
      if (same(list[i], list[other->second]))
        return bad("items {} and {} of the list are the same", other->second, i);
    if (!fault_.empty()) return false;
    places.emplace(hash, i);
  }
  return true;
}

bool Validator::matches(std::string_view pattern, std::string_view text) {
  const re2::RE2* expression = schema_.pattern(pattern);
  return expression != nullptr && step(1 + text.size() / kBytesAStep) &&
         re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

bool Validator::holds(const Value& schema, const Value& value) {
  ++quiet_;
  const bool good = valid(schema, value);
  quiet_ = std::max(0, quiet_ - 1);
  return good && fault_.empty();
}

bool Validator::valid(const Value& schema, const Value& value) {
  if (!step()) return false;
  if (const bool* all = schema.if_bool()) return *all || bad("nothing is allowed here");
  ++depth_;
  const bool good = schema.is_object() ? keywords(schema.get_object(), value) : true;
  --depth_;
  return good;
}

bool Validator::keywords(const Object& schema, const Value& value) {
  const Value* reference = schema.if_contains("$ref");
  if (reference != nullptr && reference->is_string()) {
    const Value* target = schema_.target(schema);
    if (target == nullptr) return bad("`$ref` leads nowhere");
    if (!valid(*target, value)) return false;
  }
  if (const Value* types = schema.if_contains("type"))
    if (!type(*types, value)) return false;
  return choices(schema, value) && number(schema, value) && text(schema, value) &&
         array(schema, value) && object(schema, value) && combined(schema, value) &&
         conditional(schema, value);
}

bool Validator::type(const Value& types, const Value& value) {
  const auto* list = types.if_array();
  const bool good = list == nullptr ? types.is_string() && is_of(types.get_string(), value)
                                    : std::ranges::any_of(*list, [&](const Value& each) {
                                        return each.is_string() && is_of(each.get_string(), value);
                                      });
  return good || bad("{} is not of type {}", shown(value), shown(types));
}

bool Validator::choices(const Object& schema, const Value& value) {
  if (const Value* only = schema.if_contains("const"))
    if (!same(*only, value)) return bad("{} is not {}", shown(value), shown(*only));
  const Value* some = schema.if_contains("enum");
  if (some == nullptr || !some->is_array()) return true;
  const bool found =
      std::ranges::any_of(some->get_array(), [&](const Value& each) { return same(each, value); });
  return found || bad("{} is none of {}", shown(value), shown(*some));
}

bool Validator::combined(const Object& schema, const Value& value) {
  if (const Value* all = schema.if_contains("allOf"); all != nullptr && all->is_array())
    for (const Value& each : all->get_array())
      if (!valid(each, value)) return false;
  if (const Value* any = schema.if_contains("anyOf"); any != nullptr && any->is_array()) {
    const bool good = std::ranges::any_of(any->get_array(),
                                          [&](const Value& each) { return holds(each, value); });
    if (!good) return bad("{} fits none of `anyOf`", shown(value));
  }
  if (const Value* one = schema.if_contains("oneOf"); one != nullptr && one->is_array())
    if (!one_of(*one, value)) return false;
  const Value* none = schema.if_contains("not");
  return none == nullptr || !holds(*none, value) ||
         bad("{} fits what `not` excludes", shown(value));
}

bool Validator::one_of(const Value& schemas, const Value& value) {
  const auto fitting = std::ranges::count_if(schemas.get_array(),
                                             [&](const Value& each) { return holds(each, value); });
  return fitting == 1 || bad("{} fits {} of `oneOf`, not one", shown(value), fitting);
}

bool Validator::conditional(const Object& schema, const Value& value) {
  const Value* condition = schema.if_contains("if");
  if (condition == nullptr) return true;
  const Value* branch = schema.if_contains(holds(*condition, value) ? "then" : "else");
  return branch == nullptr || valid(*branch, value);
}

bool Validator::number(const Object& schema, const Value& value) {
  const auto number = number_of(&value);
  if (!number) return true;
  const auto bound = [&](const char* keyword) { return number_of(schema.if_contains(keyword)); };
  const auto is_true = [&](const char* keyword) {
    const Value* flag = schema.if_contains(keyword);
    return flag != nullptr && flag->is_bool() && flag->get_bool();  // draft 4
  };
  if (const auto least = bound("minimum"))
    if (*number < *least || (*number == *least && is_true("exclusiveMinimum")))
      return bad("{} is less than {}", shown(value), *least);
  if (const auto most = bound("maximum"))
    if (*number > *most || (*number == *most && is_true("exclusiveMaximum")))
      return bad("{} is more than {}", shown(value), *most);
  if (const auto above = bound("exclusiveMinimum"); above && *number <= *above)
    return bad("{} is not more than {}", shown(value), *above);
  if (const auto below = bound("exclusiveMaximum"); below && *number >= *below)
    return bad("{} is not less than {}", shown(value), *below);
  const auto step = bound("multipleOf");
  if (!step || *step <= 0) return true;
  const double parts = *number / *step;
  return std::abs(parts - std::round(parts)) < 1e-9 * std::max(1.0, std::abs(parts)) ||
         bad("{} is no multiple of {}", shown(value), *step);
}

bool Validator::text(const Object& schema, const Value& value) {
  if (!value.is_string()) return true;
  const std::string_view text = value.get_string();
  if (!step(text.size() / kBytesAStep)) return false;
  if (const auto least = count_of(schema, "minLength"); least && characters(text) < *least)
    return bad("the text has fewer than {} characters", *least);
  if (const auto most = count_of(schema, "maxLength"); most && characters(text) > *most)
    return bad("the text has more than {} characters", *most);
  const Value* pattern = schema.if_contains("pattern");
  if (pattern == nullptr || !pattern->is_string()) return true;
  const std::string_view expression = pattern->get_string();
  return matches(expression, text) ||
         bad("{} does not match the pattern {}", shown(value), cut(expression));
}

bool Validator::array(const Object& schema, const Value& value) {
  const auto* list = value.if_array();
  if (list == nullptr) return true;
  if (const auto least = count_of(schema, "minItems"); least && list->size() < *least)
    return bad("the list has fewer than {} items", *least);
  if (const auto most = count_of(schema, "maxItems"); most && list->size() > *most)
    return bad("the list has more than {} items", *most);
  const Value* unique = schema.if_contains("uniqueItems");
  if (unique != nullptr && unique->is_bool() && unique->get_bool())
    if (!all_differ(*list)) return false;
  return contained(schema, *list) && items(schema, *list);
}

bool Validator::contained(const Object& schema, const boost::json::array& list) {
  const Value* contains = schema.if_contains("contains");
  if (contains == nullptr) return true;
  const auto fitting = static_cast<std::size_t>(
      std::ranges::count_if(list, [&](const Value& each) { return holds(*contains, each); }));
  return (fitting >= count_of(schema, "minContains").value_or(1) &&
          fitting <= count_of(schema, "maxContains").value_or(SIZE_MAX)) ||
         bad("{} items of the list fit `contains`", fitting);
}

bool Validator::items(const Object& schema, const boost::json::array& list) {
  const Value* own = schema.if_contains("items");
  const Value* first = schema.if_contains("prefixItems");
  const Value* rest = own;
  if (own != nullptr && own->is_array()) {  // until draft 2019-09
    first = own;
    rest = schema.if_contains("additionalItems");
  }
  const std::size_t places = first == nullptr || !first->is_array() ? 0 : first->get_array().size();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Path::Step step(path_, i);
    const Value* of = i < places ? &first->get_array()[i] : rest;
    if (of != nullptr && !valid(*of, list[i])) return false;
  }
  return true;
}

bool Validator::object(const Object& schema, const Value& value) {
  const auto* members = value.if_object();
  if (members == nullptr) return true;
  if (const auto least = count_of(schema, "minProperties"); least && members->size() < *least)
    return bad("the object has fewer than {} properties", *least);
  if (const auto most = count_of(schema, "maxProperties"); most && members->size() > *most)
    return bad("the object has more than {} properties", *most);
  if (const Value* names = schema.if_contains("required"))
    if (!has_all(*names, *members)) return false;
  return properties(schema, *members) && dependencies(schema, value);
}

bool Validator::has_all(const Value& names, const Object& value) {
  if (!names.is_array()) return true;
  if (!step(names.get_array().size())) return false;
  for (const Value& each : names.get_array())
    if (each.is_string() && !value.contains(each.get_string()))
      return bad("\"{}\" is missing", cut(each.get_string()));
  return true;
}

bool Validator::properties(const Object& schema, const Object& value) {
  const Value* names = schema.if_contains("propertyNames");
  for (const auto& [name, each] : value) {
    const Path::Step step(path_, std::string_view(name));
    if (names != nullptr && !valid(*names, Value(name))) return false;
    if (!property(schema, name, each)) return false;
  }
  return true;
}

bool Validator::property(const Object& schema, std::string_view name, const Value& value) {
  bool known = false;
  if (const Value* own = schema.if_contains("properties"); own != nullptr && own->is_object())
    if (const Value* of = own->get_object().if_contains(name)) {
      known = true;
      if (!valid(*of, value)) return false;
    }
  const Value* patterns = schema.if_contains("patternProperties");
  if (patterns != nullptr && patterns->is_object())
    for (const auto& [pattern, of] : patterns->get_object()) {
      if (!matches(pattern, name)) continue;
      known = true;
      if (!valid(of, value)) return false;
    }
  const Value* others = known ? nullptr : schema.if_contains("additionalProperties");
  if (others == nullptr) return true;
  if (others->is_bool() && !others->get_bool()) return bad("the schema has no such property");
  return valid(*others, value);
}

bool Validator::dependencies(const Object& schema, const Value& value) {
  const Object& members = value.get_object();
  for (const char* keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    const Value* all = schema.if_contains(keyword);
    if (all == nullptr || !all->is_object()) continue;
    if (!step(all->get_object().size())) return false;
    for (const auto& [name, needs] : all->get_object()) {
      if (!members.contains(name)) continue;
      if (!(needs.is_array() ? has_all(needs, members) : valid(needs, value))) return false;
    }
  }
  return true;
}

}  // namespace pelton::schema::json_schema
