// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/uri.h"

#include <charconv>

namespace pelton::s3 {
namespace {

void append_escape(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

std::string encoded(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text)
    if (alphanumeric(c) || kept.contains(c))
      out += c;
    else
      append_escape(out, c);
  return out;
}

}  // namespace

bool alphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string uri_encoded(std::string_view text, Slash slash) {
  return encoded(text, slash == Slash::keep ? "-._~/" : "-._~");
}

std::string event_key(std::string_view key) {
  std::string out = encoded(key, "-._*/ ");
  for (char& c : out)
    if (c == ' ') c = '+';
  return out;
}

std::optional<std::string> form_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace pelton::s3
