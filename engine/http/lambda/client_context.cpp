// SPDX-License-Identifier: Apache-2.0
#include "engine/http/lambda/client_context.h"

#include "engine/base/base64.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace pelton::http {
namespace {

// Of well-formed UTF-8 from `at` on, which begins with a byte that is not ASCII.
std::uint32_t take_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const int more = byte(at) >= 0xf0 ? 3 : byte(at) >= 0xe0 ? 2 : 1;
  std::uint32_t code = byte(at) & (0x3fU >> more);
  for (int i = 0; i < more; ++i) code = code << 6 | (byte(++at) & 0x3fU);
  return code;
}

// Only strings of a JSON text have characters beyond ASCII.
std::string in_ascii(std::string_view json) {
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (static_cast<unsigned char>(json[i]) < 0x80) {
      out += json[i];
      continue;
    }
    const std::uint32_t code = take_character(json, i);
    if (code < 0x10000)
      out += fmt::format("\\u{:04x}", code);
    else
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10),
                         0xdc00 + ((code - 0x10000) & 0x3ff));
  }
  return out;
}

}  // namespace

std::optional<std::string> read_client_context(std::string_view header) {
  std::string json;
  if (header.empty()) return json;
  if (header.size() > kLongestContext || !from_base64(header, json)) return std::nullopt;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  if (error || !value.is_object()) return std::nullopt;
  return in_ascii(boost::json::serialize(value));
}

}  // namespace pelton::http
