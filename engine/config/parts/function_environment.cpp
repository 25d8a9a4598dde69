// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/function_environment.h"

#include "engine/config/yaml/secrets.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

bool good_variable(std::string_view name) {
  const auto good = [](char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && std::ranges::all_of(name, good) && !(name[0] >= '0' && name[0] <= '9');
}

// Switches and paths have such names as well: TOKEN_CACHE=/tmp/x, USE_TOKENS=true.
bool plain_value(std::string_view value) {
  return value.empty() || value == "true" || value == "false" || value.starts_with('/') ||
         value.starts_with("./") || value.find_first_not_of("0123456789") == std::string_view::npos;
}

bool looks_secret(const std::string& name, const Node& value) {
  return secret_value(value.text) || (secret_name(name) && !plain_value(value.text));
}

}  // namespace

std::map<std::string, std::string> read_environment(const Node& node, ReadContext& context) {
  std::map<std::string, std::string> variables;
  Diagnostics& problems = context.problems;
  if (node.kind != Node::Kind::map) {
    problems.error(
        node.place, "E1007",
        fmt::format("environment must be a mapping of names to texts, not {}", node.kind_name()));
    return variables;
  }
  for (const auto& [key, value] : node.entries) {
    const std::string& name = key.text;
    if (!good_variable(name)) {
      problems.error(
          key.place, "E1011",
          fmt::format("\"{}\" is not a valid name of a variable: use letters, digits and _", name));
    } else if (name.starts_with("PELTON_")) {
      problems.error(
          key.place, "E1011",
          fmt::format("{}: names that begin with PELTON_ are reserved for the engine", name));
    } else if (value.kind != Node::Kind::scalar) {
      problems.error(
          value.place, "E1007",
          fmt::format("the variable {} must be a text, not {}", name, value.kind_name()));
    } else {
      if (looks_secret(name, value)) guard_secret(name, value, context);
      if (looks_secret(name, value) || has_expansion(value))
        context.hide("function " + context.part, "environment." + name);
      if (auto text = expand(value, context)) variables[name] = std::move(*text);
    }
  }
  return variables;
}

}  // namespace pelton::config
