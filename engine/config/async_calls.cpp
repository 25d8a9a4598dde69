// SPDX-License-Identifier: Apache-2.0
#include "engine/config/async_calls.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

// Of calls that are over, for whoever wants to look at them.
constexpr Duration kKept = std::chrono::hours(24);
constexpr Duration kLongestDelay = std::chrono::hours(24);

// Their records are appended with what they report on, in one write.
void check_destination(const Config& config, const Function& function,
                       const std::optional<std::string>& stream, Place place,
                       Diagnostics& problems) {
  const Stream* found = stream ? config.find_stream(*stream) : nullptr;
  if (found != nullptr && found->kafka)
    problems.error(place, "E1033",
                   fmt::format("function {}: {} is a Kafka topic: records of asynchronous calls go "
                               "to a stream that the engine keeps",
                               function.name, *stream));
}

Stream stream_of(const Function& function) {
  Stream stream;
  stream.name = async_name(function.name);
  stream.place = function.place;
  stream.retention.time = kKept;
  return stream;
}

// One call at a time fails and is retried for itself, as at AWS.
Binding binding_of(const Function& function) {
  const Async async = function.async.value_or(Async{});
  Binding binding = default_binding(async_name(function.name));
  binding.place = function.place;
  binding.from = binding.name;
  binding.function = function.name;
  if (async.on_success) binding.to = {*async.on_success};
  binding.to_place = async.on_success_place;
  binding.async_calls = true;
  Delivery& delivery = binding.delivery;
  delivery.order = model::Order::none;
  delivery.batch.events = 1;
  delivery.breaker.failures = 0;
  delivery.retry.attempts = async.retries + 1;
  delivery.retry.worker_kills = async.retries + 1;
  delivery.retry.first = async.retry_after;
  delivery.retry.max = std::max(async.retry_after, kLongestDelay);
  delivery.retry.jitter = 0;
  delivery.retry.max_age = async.max_age;
  return binding;
}

}  // namespace

std::string async_name(const std::string& function) {
  return function + ".async";
}

void add_async_calls(Config& config, Diagnostics& problems) {
  const bool all = std::ranges::any_of(config.listeners, &Listener::lambda);
  for (const Function& function : config.functions) {
    if (!all && !function.async) continue;
    const std::string name = async_name(function.name);
    if (config.has_part(name)) {
      problems.error(function.place, "E1011",
                     fmt::format("asynchronous calls of function {} wait in a stream named {}, and "
                                 "the config uses that name",
                                 function.name, name));
      continue;
    }
    if (function.async) {
      const Async& async = *function.async;
      check_destination(config, function, async.on_success, async.on_success_place, problems);
      check_destination(config, function, async.on_failure, async.on_failure_place, problems);
    }
    config.streams.push_back(stream_of(function));
    config.bindings.push_back(binding_of(function));
  }
}

}  // namespace pelton::config
