// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace pelton::schema {
namespace {

template <typename Number>
void append(std::string& out, Number value) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  // A whole number stays one with a fraction, so that it is read as one again.
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    if (c == '"' || c == '\\')
      out += static_cast<char>(c);
    else if (c == '\n')
      out += 'n';
    else if (c == '\t')
      out += 't';
    else if (c == '\r')
      out += 'r';
    else
      ((out += "u00") += kHex[c >> 4]) += kHex[c & 15U];
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_number(std::string& out, double value) {
  append(out, value);
}
void append_number(std::string& out, float value) {
  append(out, value);
}

}  // namespace pelton::schema
