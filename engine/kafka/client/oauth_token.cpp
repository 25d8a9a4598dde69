// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/oauth_token.h"

#include "engine/base/units.h"

#include <simdjson.h>

#include <fstream>
#include <sstream>

namespace pelton::kafka {
namespace {

// Base64 with the URL alphabet and without padding (RFC 7515 section 2).
std::optional<std::string> decode_base64url(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 0xff);
  }
  return out;
}

constexpr double kLastSecond = 253'402'300'799;  // of the year 9999

}  // namespace

Result<OauthToken> read_token(const std::filesystem::path& file, WallTime now) {
  std::ifstream stream(file);
  std::stringstream content;
  content << stream.rdbuf();
  OauthToken token;
  token.text = content.str();
  while (!token.text.empty() && std::isspace(static_cast<unsigned char>(token.text.back())))
    token.text.pop_back();
  const auto first = token.text.find('.');
  const auto second = first == std::string::npos ? first : token.text.find('.', first + 1);
  const auto payload =
      second == std::string::npos
          ? std::nullopt
          : decode_base64url(std::string_view(token.text).substr(first + 1, second - first - 1));
  simdjson::dom::parser parser;
  simdjson::dom::element claims;
  double ends = 0;  // a NumericDate may have a fraction (RFC 7519, 2)
  std::string_view principal;
  if (!payload || parser.parse(*payload).get(claims) || claims["exp"].get(ends) || ends < 0 ||
      ends > kLastSecond)
    return fail(ErrorKind::invalid, "E6103",
                "{} does not contain a JSON Web Token with an expiry (exp)", file.string());
  if (!claims["sub"].get(principal)) token.principal = principal;
  if (token.principal.empty()) token.principal = "pelton";
  token.ends = WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ends * 1e3)));
  if (token.ends <= now)
    return fail(ErrorKind::invalid, "E6103", "the token in {} expired at {}", file.string(),
                format_time(token.ends));
  return token;
}

}  // namespace pelton::kafka
