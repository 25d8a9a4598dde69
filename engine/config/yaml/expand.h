// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/tree.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pelton::config {

// Looks up a variable of the environment: a parameter, so that tests need not set any.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// A name that a part of the file uses for another part.
struct Reference {
  enum class Kind { stream, function } kind = Kind::stream;
  std::string name;
  std::string written;  // as in the file, before expansion: what may be shown
  Place place;
  std::string who;  // "binding bill"
};

// What every part of the reading shares.
struct ReadContext {
  Diagnostics& problems;
  std::vector<std::filesystem::path> folders;  // of each config file, in their order; at least one
  const Environment& environment;
  std::string part{};                   // name of the part being read: "bill"
  std::vector<Reference> references{};  // collected by the parts, checked once all names are known
  // Options whose values are not to be shown: "function f environment.TOKEN".
  std::set<std::string> hidden{};

  // Where relative paths begin that are written at this place; defaults begin in the first folder.
  const std::filesystem::path& folder_of(Place place) const { return folders.at(place.file); }
  // `label` is the section's: "function f".
  void hide(const std::string& label, const std::string& path) {
    hidden.insert(label + " " + path);
  }
};

// Longest text that ${file:path} may stand for.
inline constexpr std::size_t kMaxSecretBytes = 64U << 10;

// Whether the text has a ${...}: what it stands for may be a secret and is not shown.
bool has_expansion(const Node& scalar);
// The same of any scalar in the node.
bool has_expansion_within(const Node& node);

// A scalar's text with ${env:NAME} and ${file:path} replaced; nothing (and a problem) when one is
// missing. ${env:NAME:-default} has a default, ${env:NAME:?message} a message, both also where the
// variable is empty. $${ is a literal ${. What was put in is not expanded again, and no message
// shows it.
std::optional<std::string> expand(const Node& scalar, ReadContext& context);

}  // namespace pelton::config
