// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/json.h"

#include <boost/json/parse.hpp>

namespace pelton::cli {
namespace {

// An event's data may be nested as deep as the API allows, inside of an event inside of a letter.
constexpr std::size_t kMaxDepth = 96;

const json::value* find(const json::object& object, std::string_view name) {
  return object.if_contains(json::string_view(name.data(), name.size()));
}

template <typename Number>
Number number_of(const json::object& object, std::string_view name) {
  const json::value* at = find(object, name);
  if (at == nullptr || !at->is_number()) return {};
  json::error_code error;
  const Number number = at->to_number<Number>(error);
  return error ? Number{} : number;
}

}  // namespace

Result<json::object> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object())
    return fail(ErrorKind::unavailable, "E5006", "the engine's answer cannot be read: {}",
                error ? error.message() : "it is no JSON object");
  return std::move(value.get_object());
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* at = find(object, name);
  return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}
double real_of(const json::object& object, std::string_view name) {
  return number_of<double>(object, name);
}
std::int64_t integer_of(const json::object& object, std::string_view name) {
  return number_of<std::int64_t>(object, name);
}
std::uint64_t count_of(const json::object& object, std::string_view name) {
  return number_of<std::uint64_t>(object, name);
}
bool flag_of(const json::object& object, std::string_view name) {
  const json::value* at = find(object, name);
  return at != nullptr && at->is_bool() && at->get_bool();
}
const json::array& list_of(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* at = find(object, name);
  return at != nullptr && at->is_array() ? at->get_array() : kNone;
}
const json::object& object_of(const json::object& object, std::string_view name) {
  const json::value* at = find(object, name);
  return at != nullptr ? as_object(*at) : as_object(json::value());
}
const json::object& as_object(const json::value& value) {
  static const json::object kNone;
  return value.is_object() ? value.get_object() : kNone;
}

}  // namespace pelton::cli
