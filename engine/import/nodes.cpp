// SPDX-License-Identifier: Apache-2.0
#include "engine/import/nodes.h"

namespace pelton::importer {

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at, 2) == "${") out += '$';
    out += text[at];
  }
  return out;
}

Node written(std::string text, Place place) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.place = place;
  node.text = std::move(text);
  return node;
}

Node plain(std::string_view text, Place place) {
  return written(escaped(text), place);
}

Node quoted(std::string_view text, Place place) {
  Node node = plain(text, place);
  node.quoted = true;
  return node;
}

Node list(const std::vector<std::string>& texts, Place place) {
  Node node;
  node.kind = Node::Kind::sequence;
  node.place = place;
  for (const std::string& text : texts) node.items.push_back(quoted(text, place));
  return node;
}

Map::Map(Place place) {
  node_.kind = Node::Kind::map;
  node_.place = place;
}

Map& Map::add(std::string_view key, Node value) {
  const Place place = value.place;
  node_.entries.emplace_back(written(std::string(key), place), std::move(value));
  return *this;
}

Map& Map::add(const Node& key, Node value) {
  node_.entries.emplace_back(key, std::move(value));
  return *this;
}

void set_place(Node& node, Place place) {
  node.place = place;
  for (Node& item : node.items) set_place(item, place);
  for (auto& [key, value] : node.entries) {
    set_place(key, place);
    set_place(value, place);
  }
}

}  // namespace pelton::importer
