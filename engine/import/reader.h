// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/cloudformation.h"
#include "engine/import/import.h"
#include "engine/import/known_keys.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::importer {

// What every part of the reading shares: typed values of a foreign file, and what is said once.
class Reader {
 public:
  // All outlive this.
  Reader(Variables& values, Resources& template_, config::Diagnostics& told, const Options& words)
      : variables(values), resources(template_), problems(told), options(words) {}

  // The value of a key, its variable resolved; null: it is absent, or there is a problem.
  const Node* find(const Node& map, std::string_view key);
  // The same of one that has to be a mapping.
  const Node* map(const Node& map, std::string_view key);
  std::optional<std::string> text(const Node& map, std::string_view key);
  // E1008: it is not one, or not within the bounds.
  std::optional<std::uint64_t> number(const Node& map, std::string_view key, std::uint64_t least,
                                      std::uint64_t most);
  // E1008: it is neither true nor false.
  bool truth(const Node& map, std::string_view key, bool absent);
  // A text, or a list of them.
  std::vector<std::string> texts(const Node& map, std::string_view key);
  // Of the key's value, or of the mapping.
  static Place place(const Node& map, std::string_view key);

  // E1005: a key that nobody knows; E1107, once a key: one that has no effect here.
  void check_keys(const Node& map, const KnownKeys& known);
  // A warning, once whatever its place.
  void once(Place place, const char* code, const std::string& message);
  // E1107, once for each `what`.
  void ignored(Place place, const std::string& what, std::string_view why);

  Variables& variables;
  Resources& resources;
  config::Diagnostics& problems;
  const Options& options;
  // The section `services` of the config file that equals it.
  std::optional<Node> services;

 private:
  std::set<std::string> told_;
};

}  // namespace pelton::importer
