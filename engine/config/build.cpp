// SPDX-License-Identifier: Apache-2.0
#include "engine/config/build.h"

#include "engine/config/async_calls.h"
#include "engine/config/check_routes.h"
#include "engine/config/durable_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace pelton::config {
namespace {

// Calls read(name, node) for each entry of a mapping of names.
template <typename Read>
void each_named(const Node& root, const std::string& key, ReadContext& context, Read read) {
  Diagnostics& problems = context.problems;
  const Node* section = root.find(key);
  if (section == nullptr || section->kind == Node::Kind::null) return;
  if (section->kind != Node::Kind::map) {
    problems.error(section->place, "E1007",
                   fmt::format("{} must be a mapping of names, not {}", key, section->kind_name()));
    return;
  }
  for (const auto& [name, node] : section->entries) {
    check_name(name, problems);
    context.part = name.text;
    read(name, node);
  }
}

std::vector<std::string> names_in(const Node& root, std::string_view key) {
  std::vector<std::string> names;
  if (const Node* section = root.find(key))
    for (const auto& [name, node] : section->entries) names.push_back(name.text);
  return names;
}

// Against the names that the file has, good or not: a part with problems is still there. False when
// one is not.
bool check_references(const Node& root, ReadContext& context) {
  const std::vector<std::string> streams = names_in(root, "streams");
  const std::vector<std::string> functions = names_in(root, "functions");
  const std::set<std::string> stream_set(streams.begin(), streams.end());
  const std::set<std::string> function_set(functions.begin(), functions.end());
  bool all_there = true;
  for (const Reference& reference : context.references) {
    const bool stream = reference.kind == Reference::Kind::stream;
    if ((stream ? stream_set : function_set).contains(reference.name)) continue;
    all_there = false;
    const std::string guess = context.problems.full()
                                  ? ""
                                  : did_you_mean(reference.written, stream ? streams : functions);
    context.problems.error(
        reference.place, "E1012",
        fmt::format("{} names the {} \"{}\", which does not exist{}", reference.who,
                    stream ? "stream" : "function", reference.written, guess));
  }
  return all_there;
}

// A part that nothing refers to.
template <typename Part>
void check_unused(const std::vector<Part>& parts, Reference::Kind kind, const char* sentence,
                  ReadContext& context) {
  std::set<std::string_view> used;
  for (const Reference& reference : context.references)
    if (reference.kind == kind) used.insert(reference.name);
  for (const Part& part : parts)
    if (!used.contains(part.name))
      context.problems.warning(part.place, "E1101", fmt::format("{} {}", sentence, part.name));
}

// A part's place is that of its name.
Node placed(const Node& name, const Node& node) {
  Node copy = node;
  copy.place = name.place;
  return copy;
}

}  // namespace

Config build_config(const Node& root, const Kinds& kinds, ReadContext& context) {
  Config config;
  const Node none;
  const Node* engine = root.find("engine");
  config.engine = parse_engine(engine == nullptr ? none : *engine, context);
  const Node* written = root.find("services");
  const Services services =
      parse_services(written == nullptr ? none : *written, kinds.services, context);
  each_named(root, "streams", context, [&](const Node& name, const Node& node) {
    config.streams.push_back(parse_stream(name.text, placed(name, node), kinds.topics(), context));
  });
  each_named(root, "connectors", context, [&](const Node& name, const Node& node) {
    if (auto connector = parse_connector(name.text, placed(name, node), kinds.connectors, context))
      config.connectors.push_back(std::move(*connector));
  });
  each_named(root, "functions", context, [&](const Node& name, const Node& node) {
    auto function = parse_function(name.text, placed(name, node), kinds.runtimes, context);
    if (!function) return;
    add_services(services, *function, context);
    config.functions.push_back(std::move(*function));
  });
  each_named(root, "bindings", context, [&](const Node& name, const Node& node) {
    config.bindings.push_back(
        parse_binding(name.text, placed(name, node), kinds.topics(), context));
  });
  each_named(root, "listeners", context, [&](const Node& name, const Node& node) {
    config.listeners.push_back(parse_listener(name.text, placed(name, node), context));
    check_certificates(config.listeners.back(), kinds, context.problems);
  });
  each_named(root, "routes", context, [&](const Node& name, const Node& node) {
    config.routes.push_back(parse_route(name.text, placed(name, node), context));
    check_schema(config.routes.back(), kinds, context.problems);
  });
  place_routes(config);
  // What a misspelt name meant would seem unused.
  if (!check_references(root, context)) return config;
  check_unused(config.streams, Reference::Kind::stream, "nothing reads or writes the stream",
               context);
  // Lambda's API reaches all functions.
  if (std::ranges::none_of(config.listeners, &Listener::lambda))
    check_unused(config.functions, Reference::Kind::function, "nothing uses the function", context);
  add_async_calls(config, context.problems);
  add_durable_routes(config, context.problems);
  return config;
}

}  // namespace pelton::config
