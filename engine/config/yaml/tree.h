// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/diagnostic.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace pelton::config {

// Value. A YAML node with its place. Aliases have become copies of what they name.
struct Node {
  enum class Kind { null, scalar, sequence, map } kind = Kind::null;
  Place place;
  std::string text;                            // of a scalar
  bool quoted = false;                         // "5" is text, 5 a number
  std::vector<Node> items;                     // of a sequence
  std::vector<std::pair<Node, Node>> entries;  // of a map, in order; keys are scalars
  std::string tag;                             // "!Ref"; only where the syntax has tags

  const Node* find(std::string_view key) const;
  const char* kind_name() const;
};

inline constexpr std::size_t kMaxFileBytes = 1U << 20;
inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr std::size_t kMaxDepth = 32;

// `plain` is what config files may use; `tagged` also has tags (`!Ref name`), which stay with their
// nodes, and merge keys, which are resolved: an entry of the mapping itself comes before one that
// it merges.
enum class Syntax { plain, tagged };

// Parses one YAML document. Problems (syntax, duplicate keys, several documents, merge keys, what
// is beyond the limits, an alias inside what it names) are added with their places; the tree is
// then as far as it got. Of a key that stands twice (E1004) it has the first value, and of two
// mappings the entries of both, so that what refers to them is no further problem.
Node parse_yaml(const std::string& text, Diagnostics& problems, Syntax syntax = Syntax::plain);

}  // namespace pelton::config
