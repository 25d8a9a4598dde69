// SPDX-License-Identifier: Apache-2.0
#include "engine/config/durable_routes.h"

#include <fmt/format.h>

#include <utility>

namespace pelton::config {
namespace {

// Streams keep events for longer than the engine remembers their calls, which it does by a clock of
// its own.
constexpr Duration kSlack = std::chrono::hours(1);

Stream stream_named(const Route& route, std::string name) {
  Stream stream;
  stream.name = std::move(name);
  stream.place = route.durable->place;
  stream.partitions = 1;
  stream.retention.time = route.durable->keep + kSlack;
  return stream;
}

// One call at a time fails and is retried for itself.
Binding delivery_of(const Route& route) {
  const DurableCalls& calls = *route.durable;
  Binding binding = default_binding(calls_name(route.name));
  binding.place = calls.place;
  binding.from = binding.name;
  binding.function = *route.function;
  binding.to = {results_name(route.name)};
  binding.to.insert(binding.to.end(), calls.to.begin(), calls.to.end());
  binding.to_place = calls.to_place;
  binding.durable_route = route.name;
  // There is nothing before it begins, unless it was forgotten: then calls are not made again.
  binding.start.kind = Start::Kind::latest;
  binding.delivery.order = model::Order::none;
  binding.delivery.batch.events = 1;
  binding.delivery.breaker.failures = 0;
  binding.delivery.retry = calls.retry;
  return binding;
}

bool names_are_free(const Config& config, const Route& route, Diagnostics& problems) {
  for (const std::string& name : {calls_name(route.name), results_name(route.name)})
    if (config.has_part(name)) {
      problems.error(
          route.durable->place, "E1011",
          fmt::format("route {} is durable: its calls are stored in a stream named {}, and the "
                      "config uses that name",
                      route.name, name));
      return false;
    }
  return true;
}

// Outputs are stored in one write with the response.
void refuse_topics(const Config& config, const Route& route, Diagnostics& problems) {
  for (const std::string& name : route.durable->to)
    if (const Stream* stream = config.find_stream(name); stream != nullptr && stream->kafka)
      problems.error(route.durable->to_place, "E7100",
                     fmt::format("route {}: {} is a Kafka topic: what a durable call sends to a "
                                 "stream is stored with its response, so it must be a stream that "
                                 "the engine keeps",
                                 route.name, name));
}

}  // namespace

std::string calls_name(const std::string& route) {
  return route + ".calls";
}

std::string results_name(const std::string& route) {
  return route + ".results";
}

void add_durable_routes(Config& config, Diagnostics& problems) {
  for (const Route& route : config.routes) {
    if (!route.durable || !route.function || !names_are_free(config, route, problems)) continue;
    refuse_topics(config, route, problems);
    config.streams.push_back(stream_named(route, calls_name(route.name)));
    config.streams.push_back(stream_named(route, results_name(route.name)));
    config.bindings.push_back(delivery_of(route));
  }
}

}  // namespace pelton::config
