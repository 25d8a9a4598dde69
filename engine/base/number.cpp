// SPDX-License-Identifier: Apache-2.0
#include "engine/base/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace pelton {
namespace {

template <typename T>
std::optional<T> parse_as(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  if (const auto integer = parse_as<std::int64_t>(text)) return *integer;
  if (const auto integer = parse_as<std::uint64_t>(text)) return *integer;
  const auto real = parse_as<double>(text);
  if (!real || !std::isfinite(*real)) return std::nullopt;
  return *real;
}

}  // namespace pelton
