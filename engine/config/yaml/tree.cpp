// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/tree.h"

#include "engine/config/yaml/text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace pelton::config {
namespace {

Place place_of_mark(const YAML::Mark& mark) {
  // A mark of -1 is no place.
  return {static_cast<std::uint32_t>(std::max(mark.line, 0) + 1),
          static_cast<std::uint32_t>(std::max(mark.column, 0) + 1)};
}

// Ends the parser's walk: an exception is its only way out. Caught in parse_yaml.
struct Stop {};

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const auto& [key, value] : node.entries) count += count_nodes(key) + count_nodes(value);
  return count;
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(Node& root, Diagnostics& problems, Syntax syntax)
      : root_(root), problems_(problems), syntax_(syntax) {}

  // Where the last text in quotes began, if any.
  std::optional<Place> last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place_of_mark(mark);
    add(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.tag = kept_tag(mark, tag);
    node.place = place_of_mark(mark);
    // yaml-cpp tags a quoted scalar "!".
    node.quoted = tag == "!";
    if (node.quoted) last_quoted_ = node.place;
    const bool null = !node.quoted && (value.empty() || value == "~" || value == "null");
    node.kind = null ? Node::Kind::null : Node::Kind::scalar;
    node.text = value;
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    // Still open: the alias stands inside what it names.
    if (named == anchors_.end())
      stop(place_of_mark(mark), "an alias refers to something that contains it");
    charge(mark, named->second);
    if (depth_of(named->second) + stack_.size() > kMaxDepth) too_deep(mark);
    Node copy = named->second;
    copy.place = place_of_mark(mark);
    add(std::move(copy), 0);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, Node::Kind::sequence, anchor, kept_tag(mark, tag));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, Node::Kind::map, anchor, kept_tag(mark, tag));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    bool have_key = false;
    std::vector<Node> merged;  // values of its merge keys
    Node key;
    std::set<std::string> keys;
  };

  [[noreturn]] void stop(Place place, const std::string& message) {
    problems_.error(place, "E1003", message);
    throw Stop{};
  }
  [[noreturn]] void too_deep(const YAML::Mark& mark) {
    stop(place_of_mark(mark), fmt::format("nested deeper than {} levels", kMaxDepth));
  }
  // Every node that is held counts: those of the file, those kept for aliases, and their copies.
  void charge(Place place, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes)
      stop(place, fmt::format("more than {} values, aliases included", kMaxNodes));
  }
  void charge(const YAML::Mark& mark, const Node& copied) {
    charge(place_of_mark(mark), count_nodes(copied));
  }
  // yaml-cpp gives "?" or nothing for no tag and "!" for quotes.
  std::string kept_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return "";
    if (syntax_ == Syntax::tagged) return tag;
    problems_.error(place_of_mark(mark), "E1002",
                    fmt::format("the tag {} is not supported; leave it out", tag));
    return "";
  }
  static std::size_t depth_of(const Node& node) {
    std::size_t depth = 0;
    for (const Node& item : node.items) depth = std::max(depth, depth_of(item));
    for (const auto& [key, value] : node.entries) depth = std::max(depth, depth_of(value));
    return depth + 1;
  }

  void open(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor, std::string tag) {
    if (stack_.size() >= kMaxDepth) too_deep(mark);
    Open open;
    open.node.kind = kind;
    open.node.place = place_of_mark(mark);
    open.node.tag = std::move(tag);
    open.anchor = anchor;
    stack_.push_back(std::move(open));
  }

  void close() {
    Open open = std::move(stack_.back());
    stack_.pop_back();
    for (Node& merged : open.merged) merge(open.node, std::move(merged));
    add(std::move(open.node), open.anchor);
  }

  void add(Node&& node, YAML::anchor_t anchor) {
    charge(node.place, 1);
    if (anchor != 0) {
      charge(node.place, count_nodes(node));
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::sequence)
      parent.node.items.push_back(std::move(node));
    else
      add_to_map(parent, std::move(node));
  }

  void add_to_map(Open& map, Node&& node) {
    if (!map.have_key) {
      if (node.kind != Node::Kind::scalar)
        problems_.error(node.place, "E1002", "a key must be plain text");
      else if (node.text == "<<" && !node.quoted && syntax_ == Syntax::plain)
        problems_.error(node.place, "E1002",
                        "merge keys (<<) are not supported; write the keys out");
      map.key = std::move(node);
      map.have_key = true;
      return;
    }
    map.have_key = false;
    if (map.key.kind != Node::Kind::scalar) return;
    if (syntax_ == Syntax::tagged && map.key.text == "<<" && !map.key.quoted) {
      map.merged.push_back(std::move(node));
      return;
    }
    if (!map.keys.insert(map.key.text).second) {
      problems_.error(map.key.place, "E1004", fmt::format("duplicate key \"{}\"", map.key.text));
      if (!problems_.full()) join(map.node, map.key.text, std::move(node));
      return;
    }
    map.node.entries.emplace_back(std::move(map.key), std::move(node));
  }

  // Adds what a merge key names: a mapping, or a list of them of which the first comes first.
  void merge(Node& map, Node&& merged) {
    if (merged.kind == Node::Kind::sequence) {
      for (Node& item : merged.items) merge(map, std::move(item));
      return;
    }
    if (merged.kind != Node::Kind::map)
      problems_.error(merged.place, "E1002", "a merge key (<<) takes a mapping");
    for (auto& [key, value] : merged.entries)
      if (map.find(key.text) == nullptr) map.entries.emplace_back(std::move(key), std::move(value));
  }

  // Gives the mapping that stands at the key already what the second one has beyond it.
  static void join(Node& map, const std::string& key, Node&& second) {
    Node& first = std::ranges::find(map.entries, key, [](const auto& entry) -> const std::string& {
                    return entry.first.text;
                  })->second;
    if (first.kind != Node::Kind::map || second.kind != Node::Kind::map) return;
    std::set<std::string> names;
    for (const auto& entry : first.entries) names.insert(entry.first.text);
    for (auto& [name, value] : second.entries)
      if (names.insert(name.text).second)
        first.entries.emplace_back(std::move(name), std::move(value));
  }

  Node& root_;
  Diagnostics& problems_;
  const Syntax syntax_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
  std::optional<Place> last_quoted_;
};

std::string words_of(const YAML::Exception& error, std::string_view text) {
  if (indented_by_tab(text, place_of_mark(error.mark)))
    return "not YAML: indented by a tab, where YAML takes spaces only";
  return "not YAML: " + error.msg;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name.text == key) return &value;
  return nullptr;
}

const char* Node::kind_name() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a value";
    case Kind::sequence:
      return "a list";
    case Kind::map:
      return "a mapping";
  }
  return "";
}

Node parse_yaml(const std::string& text, Diagnostics& problems, Syntax syntax) {
  Node root;
  root.place = {1, 1};
  if (text.size() > kMaxFileBytes) {
    problems.error({1, 1}, "E1003", fmt::format("the file is larger than {} bytes", kMaxFileBytes));
    return root;
  }
  if (const std::size_t bad = first_bad_byte(text); bad != text.size()) {
    problems.error(
        place_at(text, bad), "E1001",
        text[bad] == '\0' ? "the file holds a NUL: it is not text" : "the file is not UTF-8 text");
    return root;
  }
  Builder builder(root, problems, syntax);
  // The quote that swallowed the rest of the file is what is wrong, whatever was noticed then.
  const auto unclosed = [&] {
    const auto quoted = builder.last_quoted();
    if (!quoted || !unclosed_quote(text, *quoted)) return false;
    problems.error(*quoted, "E1002", "not YAML: the quote that begins here is not closed");
    return true;
  };
  try {
    std::istringstream in{std::string(without_mark(text))};
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
    Node second;
    Builder more(second, problems, syntax);
    if (!unclosed() && parser.HandleNextDocument(more))
      problems.error(second.place, "E1002",
                     "a config file is one document; a second one begins here");
  } catch (const Stop&) {
    // Its problem is told already.
  } catch (const YAML::Exception& error) {
    if (!unclosed()) problems.error(place_of_mark(error.mark), "E1002", words_of(error, text));
  } catch (const std::exception& error) {
    problems.error({1, 1}, "E1002", std::string("not YAML: ") + error.what());
  }
  return root;
}

}  // namespace pelton::config
