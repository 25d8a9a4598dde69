// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace pelton::config {
namespace {

constexpr std::size_t kShownSteps = 12;

// Streams and the places outside, and what carries events from one to the other.
class FlowGraph {
 public:
  explicit FlowGraph(Diagnostics& problems) : problems_(problems) {}

  std::size_t node(const std::string& label) {
    const auto [at, fresh] = indices_.try_emplace(label, nodes_.size());
    if (fresh) nodes_.push_back({label, {}, Seen::no});
    return at->second;
  }
  void edge(const std::string& from, const std::string& to, std::string carrier, Place place,
            bool sure = true) {
    const std::size_t target = node(to);
    nodes_[node(from)].edges.push_back({target, std::move(carrier), place, sure});
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
    bool sure;  // else events may take it, which depends on what they hold
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
    bool sure = true;
    for (std::size_t shown = 0; at != path.end(); ++at, ++shown) {
      const Edge& edge = nodes_[at->node].edges[at->next_edge - 1];
      if (edge.place.line > 0) place = edge.place;
      sure = sure && edge.sure;
      if (shown == kShownSteps) text += " -> ...";
      if (shown >= kShownSteps) continue;
      if (!edge.carrier.empty()) text += " -> " + edge.carrier;
      text += " -> " + nodes_[edge.to].label;
    }
    if (sure)
      problems_.error(place, "E1013", "a loop: " + text);
    else
      problems_.warning(place, "E1105", "objects may come back as events: " + text);
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
    const Topic letters{{}, binding.dead_letters->topic, from->kafka->brokers};
    const std::string to = places.of(topic_location(letters, true));
    if (to == labels.at(from->name)) continue;
    graph.edge(labels.at(from->name), to, "dead letters of " + binding.name,
               binding.dead_letters->place);
  }
}

// What a source writes came from what it reads, by way of its stream.
void add_connector(const Connector& connector, const std::string& stream, Labels& places,
                   FlowGraph& graph) {
  const bool source = connector.direction == Direction::source;
  const std::string carrier = (source ? "source " : "sink ") + connector.name;
  for (const Location& place : connector.locations) {
    if (!place.folder.empty()) continue;
    const std::string label = places.of(place);
    if (place.written)
      graph.edge(stream, label, carrier, connector.place);
    else
      graph.edge(label, stream, carrier, connector.place);
  }
}

// Objects that one connector writes where another reads.
void add_buckets(const Config& config, Labels& places, FlowGraph& graph) {
  for (const Connector& sink : config.connectors)
    for (const Location& written : sink.locations)
      for (const Connector& source : config.connectors)
        for (const Location& read : source.locations)
          if (written.written && !read.written && written.overlaps(read))
            graph.edge(places.of(written), places.of(read), "", {}, false);
}

}  // namespace

void check_loops(const Config& config, Diagnostics& problems) {
  FlowGraph graph(problems);
  Labels places;
  const std::map<std::string, std::string> labels = stream_labels(config, places);
  for (const auto& [name, label] : labels) graph.node(label);
  // A missing stream has been reported and is part of no loop.
  const auto known = [&](const std::string& name) { return labels.contains(name); };
  for (const Binding& binding : config.bindings)
    for (const std::string& to : binding.to)
      if (known(binding.from) && known(to))
        graph.edge(labels.at(binding.from), labels.at(to), "binding " + binding.name,
                   binding.place);
  add_dead_letters(config, labels, places, graph);
  for (const Connector& connector : config.connectors) {
    const bool there = known(connector.stream);
    add_connector(connector, there ? labels.at(connector.stream) : "stream " + connector.stream,
                  places, graph);
  }
  add_buckets(config, places, graph);
  graph.report_loops();
}

}  // namespace pelton::config
