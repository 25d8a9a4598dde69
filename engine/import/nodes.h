// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/tree.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Builds the tree of a config file.
namespace pelton::importer {

using config::Node;
using config::Place;

// A text in which `${` stands for itself, as a config file writes it.
std::string escaped(std::string_view text);

// A scalar whose text is taken as it is.
Node written(std::string text, Place place);
// A scalar that stands for this text: `plain` also as a number or a truth value.
Node plain(std::string_view text, Place place);
Node quoted(std::string_view text, Place place);
Node list(const std::vector<std::string>& texts, Place place);

// A mapping that grows.
class Map {
 public:
  explicit Map(Place place);
  // An entry whose key is at the value's place.
  Map& add(std::string_view key, Node value);
  Map& add(const Node& key, Node value);
  bool empty() const { return node_.entries.empty(); }
  Node take() { return std::move(node_); }

 private:
  Node node_;
};

// Gives the node and all in it one place: that of what includes them.
void set_place(Node& node, Place place);

}  // namespace pelton::importer
