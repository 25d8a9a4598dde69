// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/avro/writer.h"

#include "engine/base/base64.h"
#include "engine/base/utf8.h"
#include "engine/schema/avro/logical.h"
#include "engine/schema/codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace pelton::schema::avro {
namespace {

using Value = boost::json::value;

constexpr std::size_t kMostSteps = 10'000'000;

const char* kind_named(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::string:
      return "a text";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

std::string_view string_of(const Value& value) {
  const auto& text = value.get_string();
  return {text.data(), text.size()};
}

// A whole number, also one that is written as 5.0 or 5e0.
std::optional<std::int64_t> integer(const Value& value) {
  if (const auto* number = value.if_int64()) return *number;
  const auto* number = value.if_double();
  constexpr double kExact = 9'007'199'254'740'992;
  if (number == nullptr || std::trunc(*number) != *number || std::abs(*number) > kExact)
    return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> real(const Value& value) {
  if (const auto* number = value.if_double()) return *number;
  if (const auto* number = value.if_int64()) return static_cast<double>(*number);
  if (const auto* number = value.if_uint64()) return static_cast<double>(*number);
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = string_of(value);
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

template <typename Number>
void append_bytes(std::string& out, Number value) {
  static_assert(std::endian::native == std::endian::little);
  std::array<char, sizeof value> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  out.append(bytes.data(), bytes.size());
}

// Of a default: each character is a byte.
std::optional<std::string> latin1(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      bytes += text[i];
    } else {
      if ((c != 0xc2 && c != 0xc3) || ++i == text.size()) return std::nullopt;
      bytes += static_cast<char>(((c & 3U) << 6) | (static_cast<unsigned char>(text[i]) & 0x3fU));
    }
  }
  return bytes;
}

// Whether a value can be one of an untagged union's branch; numbers are looked at more closely.
bool may_be(const Node& node, const Value& value) {
  const bool text = value.is_string();
  if (node.logical == Logical::duration) return value.is_object();
  if (node.logical == Logical::decimal) return text || value.is_number();
  if (node.logical != Logical::none) return text || integer(value).has_value();
  switch (node.type) {
    case Type::null:
      return value.is_null();
    case Type::boolean:
      return value.is_bool();
    case Type::int_: {
      const auto number = integer(value);
      return number && *number >= INT32_MIN && *number <= INT32_MAX;
    }
    case Type::long_:
      return integer(value).has_value();
    case Type::float_:
    case Type::double_:
      return real(value).has_value();
    case Type::array:
      return value.is_array();
    case Type::record:
    case Type::map:
      return value.is_object();
    default:
      return text;
  }
}

// All digits of a number that reading gives back, without an exponent.
std::string plain_digits(double value) {
  std::array<char, 400> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return end.ec == std::errc{} ? std::string(digits.data(), end.ptr) : std::string();
}

std::string cut(std::string_view text) {
  return shortened(text, kMostQuoted);
}

bool has_null(const Node& node) {
  return std::ranges::any_of(node.branches,
                             [](const Node* each) { return each->type == Type::null; });
}

}  // namespace

template <typename... Args>
bool Writer::bad(fmt::format_string<Args...> sentence, Args&&... args) {
  if (fault_.empty())
    fault_ =
        fmt::format("{}: {}", path_.text(), fmt::format(sentence, std::forward<Args>(args)...));
  return false;
}

bool Writer::mismatch(const Node& node, const Value& value) {
  return bad("{} is no {}", kind_named(value), node.name);
}

Status Writer::write(const Node& root, const Value& value) {
  if (this->value(root, value)) return {};
  return fail(ErrorKind::invalid, "E6165", "the output does not fit its Avro schema at {}", fault_);
}

void Writer::varint(std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out_ += static_cast<char>(bits | 0x80U);
  out_ += static_cast<char>(bits);
}

void Writer::bytes(std::string_view bytes) {
  varint(static_cast<std::int64_t>(bytes.size()));
  out_ += bytes;
}

// Defaults of defaults make much of a small output, or take for ever to make nothing.
bool Writer::room() {
  if (out_.size() - begin_ > kMostEncoded)
    return bad("it becomes more than {} bytes", kMostEncoded);
  return ++steps_ <= kMostSteps || bad("it has more than {} values", kMostSteps);
}

bool Writer::value(const Node& node, const Value& value) {
  if (path_.depth() > kMostDepth) return bad("it is nested more than {} deep", kMostDepth);
  if (!room()) return false;
  switch (node.type) {
    case Type::null:
      return value.is_null() || mismatch(node, value);
    case Type::boolean:
      if (!value.is_bool()) return mismatch(node, value);
      out_ += value.get_bool() ? '\1' : '\0';
      return true;
    case Type::int_:
    case Type::long_:
      return number(node, value);
    case Type::float_:
    case Type::double_:
      return floating(node, value);
    case Type::string:
      return text(node, value);
    case Type::bytes:
    case Type::fixed:
      return binary(node, value);
    case Type::enum_:
      return enumeration(node, value);
    case Type::record:
      return record(node, value);
    case Type::array:
      return array(node, value);
    case Type::map:
      return map(node, value);
    case Type::union_:
      return union_of(node, value);
  }
  return false;
}

bool Writer::number(const Node& node, const Value& value) {
  auto number = integer(value);
  if (!number && value.is_string() && node.logical != Logical::none) {
    number = time_number(node.logical, string_of(value));
    if (!number) return bad("\"{}\" is not what the logical type takes", cut(string_of(value)));
  }
  if (!number) return mismatch(node, value);
  if (node.type == Type::int_ && (*number < INT32_MIN || *number > INT32_MAX))
    return bad("{} is no int", *number);
  varint(*number);
  return true;
}

bool Writer::floating(const Node& node, const Value& value) {
  const auto number = real(value);
  if (!number) return mismatch(node, value);
  if (node.type == Type::double_) {
    append_bytes(out_, *number);
    return true;
  }
  if (std::isfinite(*number) && std::abs(*number) > std::numeric_limits<float>::max())
    return bad("{} is no float", *number);
  append_bytes(out_, static_cast<float>(*number));
  return true;
}

bool Writer::text(const Node& node, const Value& value) {
  if (!value.is_string()) return mismatch(node, value);
  bytes(string_of(value));
  return true;
}

bool Writer::enumeration(const Node& node, const Value& value) {
  if (!value.is_string()) return mismatch(node, value);
  const auto symbol = std::ranges::find(node.symbols, string_of(value));
  if (symbol == node.symbols.end())
    return bad("{} has no \"{}\"", node.name, cut(string_of(value)));
  varint(symbol - node.symbols.begin());
  return true;
}

bool Writer::binary(const Node& node, const Value& value) {
  if (node.logical == Logical::duration && !fallback_) return duration(node, value);
  if (node.logical == Logical::decimal && !fallback_) return decimal(node, value);
  if (!value.is_string()) return mismatch(node, value);
  std::string raw;
  if (fallback_) {
    auto latin = latin1(string_of(value));
    if (!latin) return bad("the default has a character beyond 255");
    raw = std::move(*latin);
  } else if (!from_base64(string_of(value), raw)) {
    return bad("the text is not base64");
  }
  if (node.type == Type::bytes) {
    bytes(raw);
    return true;
  }
  if (raw.size() != node.size)
    return bad("{} has {} bytes, not {}", node.name, node.size, raw.size());
  out_ += raw;
  return true;
}

bool Writer::decimal(const Node& node, const Value& value) {
  std::string text;
  if (value.is_string())
    text = string_of(value);
  else if (const auto* number = value.if_int64())
    text = std::to_string(*number);
  else if (const auto* large = value.if_uint64())
    text = std::to_string(*large);
  else if (const auto* fraction = value.if_double())
    text = plain_digits(*fraction);
  else
    return mismatch(node, value);
  auto raw = decimal_bytes(text, node.scale);
  if (!raw)
    return bad("\"{}\" is no decimal number with at most {} decimals", cut(text), node.scale);
  if (node.type == Type::bytes) {
    bytes(*raw);
    return true;
  }
  if (raw->size() > node.size) return bad("\"{}\" does not fit {}", cut(text), node.name);
  const bool negative = (static_cast<unsigned char>(raw->front()) & 0x80U) != 0;
  out_.append(node.size - raw->size(), negative ? '\xff' : '\0');
  out_ += *raw;
  return true;
}

bool Writer::duration(const Node& node, const Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return mismatch(node, value);
  for (const auto& [key, part] : *object)
    if (key != "months" && key != "days" && key != "milliseconds")
      return bad("a duration has no \"{}\"", cut(key));
  for (const char* name : {"months", "days", "milliseconds"}) {
    const Value* part = object->if_contains(name);
    const auto number = part == nullptr ? std::optional<std::int64_t>(0) : integer(*part);
    if (!number || *number < 0 || *number > UINT32_MAX)
      return bad("the {} are no number of 32 bits", name);
    append_bytes(out_, static_cast<std::uint32_t>(*number));
  }
  return true;
}

bool Writer::record(const Node& node, const Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return mismatch(node, value);
  std::size_t found = 0;
  for (const Field& each : node.fields) {
    const Value* own = object->if_contains(each.name);
    found += own != nullptr ? 1 : 0;
    const Path::Step step(path_, std::string_view(each.name));
    if (!field(each, own)) return false;
  }
  if (found == object->size()) return true;
  for (const auto& [key, unknown] : *object)
    if (std::ranges::find(node.fields, std::string_view(key), &Field::name) == node.fields.end())
      return bad("{} has no field \"{}\"", node.name, cut(key));
  return true;
}

bool Writer::field(const Field& field, const Value* value) {
  if (value != nullptr) return this->value(*field.type, *value);
  if (!field.fallback) {
    if (field.type->type != Type::union_ || !has_null(*field.type))
      return bad("it is missing, and has no default");
    return union_of(*field.type, Value(nullptr));
  }
  const bool before = std::exchange(fallback_, true);
  const bool good = this->value(*field.type, *field.fallback);
  fallback_ = before;
  return good;
}

bool Writer::array(const Node& node, const Value& value) {
  const auto* items = value.if_array();
  if (items == nullptr) return mismatch(node, value);
  if (!items->empty()) varint(static_cast<std::int64_t>(items->size()));
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Path::Step step(path_, i);
    if (!this->value(*node.items, (*items)[i])) return false;
  }
  varint(0);
  return true;
}

bool Writer::map(const Node& node, const Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return mismatch(node, value);
  if (!object->empty()) varint(static_cast<std::int64_t>(object->size()));
  for (const auto& [key, each] : *object) {
    const Path::Step step(path_, std::string_view(key));
    bytes(key);
    if (!this->value(*node.items, each)) return false;
  }
  varint(0);
  return true;
}

bool Writer::branch(const Node& node, std::size_t index, const Value& value) {
  varint(static_cast<std::int64_t>(index));
  return this->value(*node.branches[index], value);
}

bool Writer::union_of(const Node& node, const Value& value) {
  if (fallback_) return branch(node, 0, value);
  if (node.tagged && !(value.is_null() && has_null(node))) return tagged(node, value);
  for (std::size_t i = 0; i < node.branches.size(); ++i)
    if (may_be(*node.branches[i], value)) return branch(node, i, value);
  return bad("{} is none of the union's types", kind_named(value));
}

bool Writer::tagged(const Node& node, const Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1)
    return bad("a value of this union is an object with its type's name as the only key");
  const auto& [key, inner] = *object->begin();
  const auto found = std::ranges::find_if(
      node.branches, [&](const Node* each) { return each->name == std::string_view(key); });
  if (found == node.branches.end()) return bad("the union has no type \"{}\"", cut(key));
  const Path::Step step(path_, std::string_view(key));
  return branch(node, static_cast<std::size_t>(found - node.branches.begin()), inner);
}

}  // namespace pelton::schema::avro
