// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/function_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pelton::config {
namespace {

bool good_variable(std::string_view name) {
  const auto good = [](char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && std::ranges::all_of(name, good) && !(name[0] >= '0' && name[0] <= '9');
}

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

// Switches and paths have such names as well: TOKEN_CACHE=/tmp/x, USE_TOKENS=true.
bool plain_value(std::string_view value) {
  return value.empty() || value == "true" || value == "false" || value.starts_with('/') ||
         value.starts_with("./") || value.find_first_not_of("0123456789") == std::string_view::npos;
}

bool looks_secret(const std::string& name, const Node& value) {
  if (has_expansion(value)) return false;
  return secret_value(value.text) || (secret_name(name) && !plain_value(value.text));
}

}  // namespace

std::map<std::string, std::string> read_environment(const Node& node, ReadContext& context) {
  std::map<std::string, std::string> variables;
  Diagnostics& problems = context.problems;
  if (node.kind != Node::Kind::map) {
    problems.error(
        node.place, "E1007",
        fmt::format("environment is a mapping of names to texts, here is {}", node.kind_name()));
    return variables;
  }
  for (const auto& [key, value] : node.entries) {
    const std::string& name = key.text;
    if (!good_variable(name)) {
      problems.error(
          key.place, "E1011",
          fmt::format("\"{}\" is not the name of a variable: letters, digits and _", name));
    } else if (name.starts_with("PELTON_")) {
      problems.error(key.place, "E1011",
                     fmt::format("{}: variables named PELTON_ are the engine's own", name));
    } else if (value.kind != Node::Kind::scalar) {
      problems.error(
          value.place, "E1007",
          fmt::format("the variable {} needs a text, here is {}", name, value.kind_name()));
    } else {
      if (looks_secret(name, value))
        problems.warning(value.place, "E1102",
                         fmt::format("{} looks like a secret in plain text; take it from "
                                     "${{env:NAME}} or ${{file:path}}",
                                     name));
      if (auto text = expand(value, context)) variables[name] = std::move(*text);
    }
  }
  return variables;
}

}  // namespace pelton::config
