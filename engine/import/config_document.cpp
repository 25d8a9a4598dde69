// SPDX-License-Identifier: Apache-2.0
#include "engine/import/config_document.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>
#include <set>

namespace pelton::importer {
namespace {

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kRoomForNumber = 5;

// Names of one section.
class Names {
 public:
  // The wanted one, or that with a number behind it.
  std::string give(const std::string& wanted) {
    std::string name = wanted;
    for (int number = 2; !taken_.insert(name).second; ++number)
      name = fmt::format("{}-{}", wanted.substr(0, kMaxName - kRoomForNumber), number);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

class Maker {
 public:
  Maker(const Service& service, const Options& options)
      : options_(options),
        place_(service.functions.empty() ? Place{1, 1} : service.functions.front().place) {
    services_ = service.services;
    for (const Function& function : service.functions) add(function);
  }

  Document take() {
    Map root({1, 1});
    root.add("version", written("1", {1, 1}));
    root.add("engine", Map({1, 1}).add("data", plain("./.pelton", {1, 1})).take());
    if (services_) root.add("services", std::move(*services_));
    if (!routes_.empty()) {
      Map listener(place_);
      listener.add("address", quoted(options_.listen, place_));
      root.add("listeners", Map(place_).add("web", listener.take()).take());
    }
    for (auto [section, map] :
         {std::pair{"streams", &streams_}, std::pair{"connectors", &connectors_},
          std::pair{"functions", &functions_}, std::pair{"bindings", &bindings_},
          std::pair{"routes", &routes_}})
      if (!map->empty()) root.add(section, map->take());
    document_.root = root.take();
    return std::move(document_);
  }

 private:
  static Node key(const std::string& name, Place place) { return written(name, place); }

  void add(const Function& function) {
    const std::string name = function_names_.give(part_name(function.name));
    functions_.add(key(name, function.place), function.options);
    comment("functions", name, fmt::format("{}, line {}", function.name, function.place.line));
    for (const Node& route : function.routes) add_route(name, route);
    for (const Feed& feed : function.feeds) add_feed(name, feed);
  }

  void add_route(const std::string& function, const Node& route) {
    Node options = route;
    options.entries.emplace_back(key("function", route.place), plain(function, route.place));
    const std::string name = route_names_.give(function);
    routes_.add(key(name, route.place), std::move(options));
    comment("routes", name, fmt::format("line {}", route.place.line));
  }

  void add_feed(const std::string& function, const Feed& feed) {
    const std::string base = part_name(feed.stream);
    const std::string own = fmt::format("{}-{}", function, base).substr(0, kMaxName);
    const std::string stream = stream_of(feed, feed.shared ? base : own);
    if (feed.connector) {
      Node options = *feed.connector;
      options.entries.emplace_back(key("to", feed.place), plain(stream, feed.place));
      connectors_.add(key(connector_names_.give(stream), feed.place), std::move(options));
    }
    Map binding(feed.place);
    binding.add("from", plain(stream, feed.place));
    binding.add("function", plain(function, feed.place));
    Node options = binding.take();
    options.entries.insert(options.entries.end(), feed.binding.entries.begin(),
                           feed.binding.entries.end());
    const std::string name = binding_names_.give(own);
    bindings_.add(key(name, feed.place), std::move(options));
    comment("bindings", name, fmt::format("{}, line {}", feed.comment, feed.place.line));
  }

  // A stream that is there already, or a new one.
  std::string stream_of(const Feed& feed, const std::string& wanted) {
    const std::string identity = feed.stream + '\0' + text_of(feed.stream_options);
    if (feed.shared)
      if (const auto known = shared_.find(identity); known != shared_.end()) return known->second;
    const std::string name = stream_names_.give(wanted);
    if (feed.shared) shared_[identity] = name;
    streams_.add(key(name, feed.place), feed.stream_options);
    return name;
  }

  static std::string text_of(const Node& node) {
    std::string text = node.text + '\0';
    for (const Node& item : node.items) text += text_of(item);
    for (const auto& [name, value] : node.entries) text += name.text + '\0' + text_of(value);
    return text;
  }

  void comment(const std::string& section, const std::string& name, std::string text) {
    document_.comments[{section, name}] = std::move(text);
  }

  const Options& options_;
  const Place place_;
  Document document_;
  std::optional<Node> services_;
  Map streams_{place_}, connectors_{place_}, functions_{place_}, bindings_{place_}, routes_{place_};
  Names stream_names_, connector_names_, function_names_, binding_names_, route_names_;
  std::map<std::string, std::string> shared_;  // streams by what they are
};

}  // namespace

std::string part_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    const bool small_before =
        !out.empty() && (std::islower(static_cast<unsigned char>(out.back())) != 0 ||
                         std::isdigit(static_cast<unsigned char>(out.back())) != 0);
    if (std::isupper(u) != 0 && small_before) out += '-';
    if (std::isalnum(u) != 0 || c == '.')
      out += static_cast<char>(std::tolower(u));
    else if (c == '_')
      out += '_';
    else
      out += '-';
  }
  const auto first = out.find_first_not_of("_-.");
  out = first == std::string::npos ? "part" : out.substr(first);
  return out.substr(0, kMaxName);
}

Document make_document(const Service& service, const Options& options) {
  return Maker(service, options).take();
}

}  // namespace pelton::importer
