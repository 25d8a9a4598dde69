// SPDX-License-Identifier: Apache-2.0
#include "engine/config/merge.h"

#include "engine/config/spec/section.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>

namespace pelton::config {
namespace {

bool holds_entries(const Node& node) {
  return node.kind == Node::Kind::map || node.kind == Node::Kind::null;
}

// Levels of mappings of which two files may each have a part.
std::size_t levels_of(std::string_view section) {
  return section == "engine" || section == "services" ? kMaxDepth : 1;
}

class Merger {
 public:
  Merger(const std::vector<ParsedFile>& files, Diagnostics& problems)
      : files_(files), problems_(problems) {}

  void add_file(Node& whole, const Node& file) {
    merge_entries(whole, file, [this](Entry& known, const Entry& added) {
      if (added.first.text == "version" && added.second.text == known.second.text) return;
      add_known(known, added, levels_of(added.first.text));
    });
  }

 private:
  using Entry = std::pair<Node, Node>;

  // What only `from` has goes into `into`; the rest to `both`.
  template <typename Both>
  void merge_entries(Node& into, const Node& from, Both both) {
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < into.entries.size(); ++i) known[into.entries[i].first.text] = i;
    for (const Entry& added : from.entries) {
      const auto [at, is_new] = known.emplace(added.first.text, into.entries.size());
      if (is_new)
        into.entries.push_back(added);
      else
        both(into.entries[at->second], added);
    }
  }

  void add_known(Entry& known, const Entry& added, std::size_t levels) {
    if (levels > 0 && holds_entries(known.second) && holds_entries(added.second)) {
      known.second.kind = Node::Kind::map;
      merge_entries(known.second, added.second, [this, levels](Entry& inner, const Entry& more) {
        add_known(inner, more, levels - 1);
      });
    } else if (!is_extension(added.first.text)) {
      refuse(added.first, known.first.place);
    }
  }

  void refuse(const Node& key, const Place& first) {
    problems_.error(key.place, "E1004",
                    fmt::format("duplicate key \"{}\": it is also at {}:{}:{}", key.text,
                                files_[first.file].name, first.line, first.column));
  }

  const std::vector<ParsedFile>& files_;
  Diagnostics& problems_;
};

}  // namespace

Node merge(const std::vector<ParsedFile>& files, Diagnostics& problems) {
  Node whole;
  whole.kind = Node::Kind::map;
  whole.place = {1, 1};
  Merger merger(files, problems);
  for (const ParsedFile& file : files) {
    if (file.root.kind != Node::Kind::map)
      problems.error(file.root.place, "E1002",
                     fmt::format("a config file must be a mapping, not {}", file.root.kind_name()));
    else
      merger.add_file(whole, file.root);
  }
  return whole;
}

}  // namespace pelton::config
