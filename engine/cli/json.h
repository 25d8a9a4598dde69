// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// Answers of the engine as JSON. Members that are missing or of another kind read as empty or 0: an
// engine of another version may be at the other end.
namespace pelton::cli {

namespace json = boost::json;

// E5006: the text is no JSON object.
Result<json::object> parse_object(std::string_view text);

std::string text_of(const json::object& object, std::string_view name);
double real_of(const json::object& object, std::string_view name);
std::int64_t integer_of(const json::object& object, std::string_view name);
std::uint64_t count_of(const json::object& object, std::string_view name);
bool flag_of(const json::object& object, std::string_view name);
const json::array& list_of(const json::object& object, std::string_view name);
const json::object& object_of(const json::object& object, std::string_view name);
// An element of a list; an empty object when it is none.
const json::object& as_object(const json::value& value);

}  // namespace pelton::cli
