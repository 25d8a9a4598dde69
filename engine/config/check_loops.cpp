// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownSteps = 12;

// Streams, topics and folders, and what carries events from one to the other.
class FlowGraph {
 public:
  explicit FlowGraph(Diagnostics& problems) : problems_(problems) {}

  std::size_t node(const std::string& label) {
    const auto [at, fresh] = indices_.try_emplace(label, nodes_.size());
    if (fresh) nodes_.push_back({label, {}, Seen::no});
    return at->second;
  }
  void edge(const std::string& from, const std::string& to, std::string carrier, Place place) {
    const std::size_t target = node(to);
    nodes_[node(from)].edges.push_back({target, std::move(carrier), place});
  }
  void report_loops() {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].seen == Seen::no) walk(i);
  }

 private:
  enum class Seen { no, on_path, done };
  struct Edge {
    std::size_t to;
    std::string carrier;
    Place place;
  };
  struct Node {
    std::string label;
    std::vector<Edge> edges;
    Seen seen;
  };
  struct Step {
    std::size_t node;
    std::size_t next_edge;
  };

  // Depth first, with a path of its own: a chain of bindings may be as long as a file allows.
  void walk(std::size_t start) {
    std::vector<Step> path{{start, 0}};
    nodes_[start].seen = Seen::on_path;
    while (!path.empty()) {
      Step& step = path.back();
      Node& here = nodes_[step.node];
      if (step.next_edge == here.edges.size()) {
        here.seen = Seen::done;
        path.pop_back();
        continue;
      }
      const std::size_t to = here.edges[step.next_edge++].to;
      if (nodes_[to].seen == Seen::on_path) {
        report(path, to);
      } else if (nodes_[to].seen == Seen::no) {
        nodes_[to].seen = Seen::on_path;
        path.push_back({to, 0});
      }
    }
  }

  // At the last step that has a place of its own.
  void report(const std::vector<Step>& path, std::size_t to) {
    if (problems_.full()) return;
    auto at = std::ranges::find(path, to, &Step::node);
    std::string text = nodes_[to].label;
    Place place;
    for (std::size_t shown = 0; at != path.end(); ++at, ++shown) {
      const Edge& edge = nodes_[at->node].edges[at->next_edge - 1];
      if (edge.place.line > 0) place = edge.place;
      if (shown == kShownSteps) text += " -> ...";
      if (shown >= kShownSteps) continue;
      if (!edge.carrier.empty()) text += " -> " + edge.carrier;
      text += " -> " + nodes_[edge.to].label;
    }
    problems_.error(place, "E1013", "a loop: " + text);
  }

  Diagnostics& problems_;
  std::map<std::string, std::size_t> indices_;
  std::vector<Node> nodes_;
};

// One label for each place outside: that of its first name in the file.
class Labels {
 public:
  std::string of(const Location& place, std::string own) {
    for (const auto& [known, label] : known_)
      if (known.same(place)) return label;
    // A topic of that name on another cluster.
    const auto taken = [&](const auto& entry) { return entry.second == own; };
    if (std::ranges::any_of(known_, taken) && !place.at.empty()) own += " at " + place.at.front();
    known_.emplace_back(place, own);
    return own;
  }
  std::string of(const Location& place) { return of(place, place.name); }

 private:
  std::vector<std::pair<Location, std::string>> known_;
};

// A label for each stream; streams that are one topic share theirs.
std::map<std::string, std::string> stream_labels(const Config& config, Labels& places) {
  std::map<std::string, std::string> labels;
  for (const Stream& stream : config.streams) {
    const std::string own = "stream " + stream.name;
    labels[stream.name] = stream.kafka ? places.of(topic_location(*stream.kafka, true), own) : own;
  }
  return labels;
}

// Dead letters that come back to the topic they came from; one that is the source itself has been
// reported.
void add_dead_letters(const Config& config, const std::map<std::string, std::string>& labels,
                      Labels& places, FlowGraph& graph) {
  for (const Binding& binding : config.bindings) {
    const Stream* from = config.find_stream(binding.from);
    if (!binding.dead_letters || from == nullptr || !from->kafka) continue;
    const std::string to =
        places.of(topic_location({from->kafka->client, binding.dead_letters->topic}, true));
    if (to == labels.at(from->name)) continue;
    graph.edge(labels.at(from->name), to, "dead letters of " + binding.name,
               binding.dead_letters->place);
  }
}

// What connectors read and write outside.
class Outside {
 public:
  Outside(Labels& labels, FlowGraph& graph) : labels_(labels), graph_(graph) {}

  void add(const Connector& connector, const std::string& stream) {
    for (const Location& place : connector.locations) {
      const bool source = connector.direction == Direction::source;
      const std::string label = labels_.of(place);
      if (!place.folder.empty()) {
        Folder& folder = (place.written ? written_ : read_)[place.folder.string()];
        folder.label = label;
        folder.users.insert(&connector);
      }
      // What a source writes, such as files that it has read, came from what it reads.
      if (source && place.written)
        graph_.edge(read_by(connector, stream), label, "source " + connector.name, connector.place);
      else if (source)
        graph_.edge(label, stream, "source " + connector.name, connector.place);
      else
        graph_.edge(stream, label, "sink " + connector.name, connector.place);
    }
  }
  // A source reads what is written below its folder; a sink writes below its own.
  void nest() {
    for (const auto& [path, inner] : written_)
      each_outer(path, read_, [&](const Folder& outer) { meet(inner, outer); });
    for (const auto& [path, inner] : read_)
      each_outer(path, written_, [&](const Folder& outer) { meet(outer, inner); });
  }

 private:
  struct Folder {
    std::string label;
    std::set<const Connector*> users;
  };
  using Folders = std::map<std::string, Folder>;  // by path

  // A source does not read what it has put into its own folder.
  void meet(const Folder& written, const Folder& read) {
    if (written.users.size() > 1 || written.users != read.users)
      graph_.edge(written.label, read.label, "", {});
  }
  std::string read_by(const Connector& connector, const std::string& stream) {
    for (const Location& place : connector.locations)
      if (!place.written) return labels_.of(place);
    return stream;
  }
  // The labels of the folders of `outer` that hold `path`, itself left out.
  template <typename Visit>
  static void each_outer(const fs::path& path, const Folders& outer, Visit visit) {
    for (fs::path at = path; at.has_relative_path();) {
      at = at.parent_path();
      if (const auto found = outer.find(at.string()); found != outer.end()) visit(found->second);
    }
  }

  Labels& labels_;
  FlowGraph& graph_;
  Folders read_;
  Folders written_;
};

}  // namespace

void check_loops(const Config& config, Diagnostics& problems) {
  FlowGraph graph(problems);
  Labels places;
  const std::map<std::string, std::string> labels = stream_labels(config, places);
  for (const auto& [name, label] : labels) graph.node(label);
  // A missing stream has been reported and is part of no loop.
  const auto known = [&](const std::string& name) { return labels.contains(name); };
  for (const Binding& binding : config.bindings)
    if (binding.to && known(binding.from) && known(*binding.to))
      graph.edge(labels.at(binding.from), labels.at(*binding.to), "binding " + binding.name,
                 binding.place);
  add_dead_letters(config, labels, places, graph);
  Outside outside(places, graph);
  for (const Connector& connector : config.connectors)
    outside.add(connector, known(connector.stream) ? labels.at(connector.stream)
                                                   : "stream " + connector.stream);
  outside.nest();
  graph.report_loops();
}

}  // namespace pelton::config
