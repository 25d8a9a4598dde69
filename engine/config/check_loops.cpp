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

std::string stream_label(const std::string& name) {
  return "stream " + name;
}
std::string topic_label(const std::string& name) {
  return "topic " + name;
}
std::string folder_label(const fs::path& path) {
  return "folder " + path.string();
}

// One label for each topic: that of its first name in the file. Clusters are told apart by their
// brokers; two lists that share one are one cluster.
class TopicLabels {
 public:
  std::string label(const KafkaTopic& topic, std::string own) {
    for (const auto& [known, label] : known_)
      if (known.topic == topic.topic &&
          std::ranges::find_first_of(known.client.brokers, topic.client.brokers) !=
              known.client.brokers.end())
        return label;
    // A topic of that name on another cluster.
    const auto taken = [&](const auto& entry) { return entry.second == own; };
    if (std::ranges::any_of(known_, taken) && !topic.client.brokers.empty())
      own += " of " + topic.client.brokers.front();
    known_.emplace_back(topic, own);
    return own;
  }

 private:
  std::vector<std::pair<KafkaTopic, std::string>> known_;
};

// A label for each stream; streams that are one topic share theirs.
std::map<std::string, std::string> stream_labels(const Config& config, TopicLabels& topics) {
  std::map<std::string, std::string> labels;
  for (const Stream& stream : config.streams) {
    const std::string own = stream_label(stream.name);
    labels[stream.name] = stream.kafka ? topics.label(*stream.kafka, own) : own;
  }
  return labels;
}

// Dead letters that come back to the topic they came from; one that is the source itself has been
// reported.
void add_dead_letters(const Config& config, const std::map<std::string, std::string>& labels,
                      TopicLabels& topics, FlowGraph& graph) {
  for (const Binding& binding : config.bindings) {
    const Stream* from = config.find_stream(binding.from);
    if (!binding.dead_letters || from == nullptr || !from->kafka) continue;
    const std::string& topic = binding.dead_letters->topic;
    const std::string to = topics.label({from->kafka->client, topic}, topic_label(topic));
    if (to == labels.at(from->name)) continue;
    graph.edge(labels.at(from->name), to, "dead letters of " + binding.name,
               binding.dead_letters->place);
  }
}

using Folders = std::set<std::string>;

// The folders of `outer` that hold `path`, itself left out.
template <typename Visit>
void each_outer(const fs::path& path, const Folders& outer, Visit visit) {
  for (fs::path at = path; at.has_relative_path();) {
    at = at.parent_path();
    if (outer.contains(at.string())) visit(at);
  }
}

void add_between(FlowGraph& graph, const Connector& connector, const std::string& outside) {
  const std::string stream = stream_label(connector.stream);
  if (connector.direction == Direction::source)
    graph.edge(outside, stream, "source " + connector.name, connector.place);
  else
    graph.edge(stream, outside, "sink " + connector.name, connector.place);
}

}  // namespace

void check_loops(const Config& config, std::span<const ConnectorOptions> connectors,
                 Diagnostics& problems) {
  FlowGraph graph(problems);
  TopicLabels topics;
  const std::map<std::string, std::string> labels = stream_labels(config, topics);
  for (const auto& [name, label] : labels) graph.node(label);
  // A missing stream has been reported and is part of no loop.
  const auto known = [&](const std::string& name) { return labels.contains(name); };
  for (const Binding& binding : config.bindings)
    if (binding.to && known(binding.from) && known(*binding.to))
      graph.edge(labels.at(binding.from), labels.at(*binding.to), "binding " + binding.name,
                 binding.place);
  add_dead_letters(config, labels, topics, graph);
  Folders read;
  Folders written;
  for (const Connector& connector : config.connectors) {
    if (connector.topic)
      add_between(graph, connector,
                  topics.label(*connector.topic, topic_label(connector.topic->topic)));
    const auto folder = folder_of(connector, connectors);
    if (!folder) continue;
    (connector.direction == Direction::source ? read : written).insert(folder->string());
    add_between(graph, connector, folder_label(*folder));
  }
  // A source reads what is written below its folder; a sink writes below its own.
  const auto meet = [&](const fs::path& from, const fs::path& to) {
    graph.edge(folder_label(from), folder_label(to), "", {});
  };
  for (const std::string& folder : written)
    each_outer(folder, read, [&](const fs::path& outer) { meet(folder, outer); });
  for (const std::string& folder : read)
    each_outer(folder, written, [&](const fs::path& outer) { meet(outer, folder); });
  graph.report_loops();
}

}  // namespace pelton::config
