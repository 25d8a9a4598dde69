// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pelton::config {

bool secret_name(std::string name) {
  constexpr std::array<std::string_view, 9> kWords{"password",   "passwd", "passphrase",
                                                   "secret",     "token",  "api_key",
                                                   "access_key", "apikey", "credential"};
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

// Values that are secrets whatever their name: keys of well-known shape, URLs with a password.
bool secret_value(std::string_view value) {
  constexpr std::array<std::string_view, 6> kBegins{"AKIA",  "ghp_",     "github_pat_",
                                                    "xoxb-", "sk_live_", "-----BEGIN "};
  if (std::ranges::any_of(kBegins, [&](std::string_view b) { return value.starts_with(b); }))
    return true;
  const auto scheme = value.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority =
      value.substr(scheme + 3, value.find('/', scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  return at != std::string_view::npos && colon != std::string_view::npos && colon + 1 < at;
}

void guard_secret(const std::string& what, const Node& value, ReadContext& context) {
  if (has_expansion(value)) return;
  context.problems.hide(value.text, "***");
  context.problems.warning(value.place, "E1102",
                           fmt::format("{} is a secret in plain text: use ${{env:NAME}} or "
                                       "${{file:path}}",
                                       what));
}

}  // namespace pelton::config
