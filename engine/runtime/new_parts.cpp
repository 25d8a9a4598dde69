// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/new_parts.h"

#include "engine/config/async_calls.h"
#include "engine/config/durable_routes.h"

#include <algorithm>
#include <set>
#include <utility>

namespace pelton::runtime {

Status NewParts::make(const Lineup& lineup) {
  for (const config::Connector& connector : config_.connectors) {
    if (lineup.sources.contains(connector.name)) {
      auto source = make_source(assembly_, connector);
      if (!source) return std::unexpected(source.error());
      sources_.push_back(std::move(*source));
    } else if (lineup.sinks.contains(connector.name)) {
      auto sink = make_sink(assembly_, connector);
      if (!sink) return std::unexpected(sink.error());
      sinks_.push_back(std::move(*sink));
    }
  }
  for (const config::Function& function : config_.functions)
    if (lineup.functions.contains(function.name)) {
      auto runner = make_function(assembly_, config_, function);
      if (!runner) return std::unexpected(runner.error());
      functions_.push_back(std::move(*runner));
    }
  return {};
}

Status NewParts::open(const Lineup& lineup) {
  if (auto ok = assembly_.store.set_streams(stream_specs(config_)); !ok) return ok;
  assembly_.streams.set(config_.streams);
  for (const config::Binding& binding : config_.bindings) {
    if (!lineup.bindings.contains(binding.name)) continue;
    auto built = build_binding(assembly_, config_, binding);
    if (!built) return std::unexpected(built.error());
    known_bindings_[binding.name] = built->known;
    served_.push_back(std::move(built->served));
  }
  for (std::unique_ptr<SinkRunner>& sink : sinks_) {
    auto built = build_sink(assembly_, config_, std::move(sink));
    if (!built) return std::unexpected(built.error());
    known_sinks_[built->known.name] = built->known;
    served_.push_back(std::move(built->served));
  }
  for (const auto& source : sources_) {
    auto target = assembly_.streams.append_target(*config_.find_stream(source->settings().stream));
    if (!target) return std::unexpected(target.error());
    targets_[source->settings().name] = std::move(*target);
  }
  if (auto ok = open_route_targets(); !ok) return ok;
  for (const config::Stream& stream : config_.streams) {
    auto readers = readers_of(assembly_, config_, stream.name);
    if (!readers) return std::unexpected(readers.error());
    readers_[stream.name] = std::move(*readers);
  }
  return {};
}

Status NewParts::open_route_targets() {
  std::set<std::string> streams;
  for (const config::Route& route : config_.routes)
    if (route.to)
      streams.insert(*route.to);
    else if (route.durable)
      streams.insert(config::calls_name(route.name));
  if (std::ranges::any_of(config_.listeners, &config::Listener::lambda))
    for (const config::Function& function : config_.functions)
      streams.insert(config::async_name(function.name));
  for (const std::string& stream : streams) {
    auto target = assembly_.streams.append_target(*config_.find_stream(stream));
    if (!target) return std::unexpected(target.error());
    route_targets_[stream] = std::move(*target);
  }
  return {};
}

void NewParts::start_on(Shard& shard) {
  for (auto& function : functions_) shard.add(std::move(function));
  for (auto& served : served_) shard.add(std::move(served));
  functions_.clear();
  served_.clear();
  shard.arrange(config_);
}

void NewParts::start_sources(Sources& sources) {
  for (auto& source : sources_) {
    const config::Connector& settings = source->settings();
    auto target = std::move(targets_.at(settings.name));
    auto readers = readers_[settings.stream];
    sources.add(std::move(source), std::move(target), std::move(readers));
  }
  sources_.clear();
}

}  // namespace pelton::runtime
