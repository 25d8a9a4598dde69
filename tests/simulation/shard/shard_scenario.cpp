// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/shard_scenario.h"

#include <algorithm>

namespace pelton::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Deed deed_of(Dice& dice, double bad) {
  if (!dice.chance(bad)) return Deed::good;
  constexpr Deed kBad[] = {Deed::flaky,  Deed::flaky,   Deed::waits, Deed::poison,
                           Deed::poison, Deed::rejects, Deed::kills, Deed::hangs};
  return kBad[dice.below(std::size(kBad))];
}

config::Delivery delivery_of(Dice& dice) {
  config::Delivery delivery;
  const auto order = dice.below(10);
  delivery.order = order < 6   ? model::Order::key
                   : order < 8 ? model::Order::partition
                               : model::Order::none;
  delivery.batch.events = static_cast<std::uint32_t>(dice.between(1, 60));
  if (dice.chance(0.2)) delivery.batch.wait = milliseconds(dice.between(1, 50));
  delivery.retry.attempts = static_cast<std::uint32_t>(dice.between(1, 4));
  delivery.retry.first = milliseconds(dice.between(5, 200));
  delivery.retry.max = seconds(2);
  delivery.breaker.failures =
      dice.chance(0.5) ? 0 : static_cast<std::uint32_t>(dice.between(3, 20));
  delivery.breaker.first = milliseconds(50);
  delivery.breaker.max = milliseconds(500);
  delivery.max_unsettled =
      static_cast<std::uint32_t>(dice.chance(0.3) ? dice.between(4, 64) : 1000);
  delivery.max_unsettled_bytes = dice.chance(0.3) ? 20'000 : 1U << 20;
  return delivery;
}

config::Stream stream_of(const std::string& name, std::uint32_t partitions) {
  config::Stream stream;
  stream.name = name;
  stream.partitions = partitions;
  return stream;
}

config::Config config_of(Dice& dice) {
  config::Config config;
  for (const char* name : kReadStreams)
    config.streams.push_back(stream_of(name, static_cast<std::uint32_t>(dice.between(1, 4))));
  config.streams.push_back(
      stream_of(kWrittenStream, static_cast<std::uint32_t>(dice.between(1, 3))));
  config::Function& function = config.functions.emplace_back();
  function.name = "f";
  function.runtime = "simulated";
  function.timeout = milliseconds(dice.between(100, 2'000));
  function.start_timeout = milliseconds(500);
  function.log_bytes = 0;
  function.scale.max = static_cast<std::uint32_t>(dice.between(1, 5));
  function.scale.min = static_cast<std::uint32_t>(dice.chance(0.7) ? 0 : dice.between(1, 3));
  function.scale.min = std::min(function.scale.min, function.scale.max);
  function.scale.idle = milliseconds(dice.between(50, 2'000));
  if (dice.chance(0.3)) function.recycle_events = static_cast<std::uint32_t>(dice.between(5, 100));
  for (const char* name : kReadStreams) {
    config::Binding binding = config::default_binding(std::string("from-") + name);
    binding.from = name;
    binding.function = function.name;
    binding.to = {kWrittenStream};
    binding.delivery = delivery_of(dice);
    if (dice.chance(0.2)) binding.concurrency = 1;
    config.bindings.push_back(std::move(binding));
  }
  return config;
}

ShardFaults faults_of(Dice& dice) {
  ShardFaults faults;
  const auto some = [&](double p) { return dice.chance(0.4) ? p : 0; };
  faults.cannot_start = some(0.1);
  faults.ends_early = some(0.1);
  faults.never_ready = some(0.1);
  faults.start_fails = some(0.1);
  faults.stays = some(0.2);
  faults.blind = some(0.3);
  faults.crash = some(0.01);
  faults.garbage = some(0.005);
  faults.hangs_up = some(0.005);
  faults.last_words = some(0.01);
  faults.late_exit = some(0.3);
  faults.slow_sync = some(0.05);
  const auto now_and_then = [&](std::int64_t low, std::int64_t high) {
    return dice.chance(0.4) ? Duration(milliseconds(dice.between(low, high))) : Duration{};
  };
  faults.engine_crash = now_and_then(300, 3'000);
  faults.restart = now_and_then(500, 3'000);
  faults.reload = now_and_then(300, 2'000);
  faults.renew = now_and_then(200, 2'000);
  faults.pause = now_and_then(200, 1'000);
  faults.replay = now_and_then(100, 1'000);
  faults.freeze = now_and_then(500, 3'000);
  faults.clock_set = now_and_then(500, 3'000);
  if (dice.chance(0.2)) faults.seek = milliseconds(dice.between(300, 2'000));
  return faults;
}

void add_tasks(ShardScenario& scenario, std::uint64_t events, Dice& dice) {
  const double bad = dice.chance(0.3) ? 0.15 : 0.02;
  const std::uint64_t keys = dice.chance(0.3) ? 5 : 100;
  const double keyless = dice.chance(0.3) ? 0.3 : 0;
  const bool large = dice.chance(0.3);
  const bool slow = dice.chance(0.3);
  for (std::uint64_t n = 0; n < events; ++n) {
    Task task;
    task.stream = kReadStreams[dice.below(std::size(kReadStreams))];
    if (!dice.chance(keyless)) task.key = fmt::format("key-{}", dice.below(keys));
    task.deed = deed_of(dice, bad);
    task.failures = static_cast<std::uint32_t>(dice.between(1, 3));
    task.outputs = static_cast<std::uint32_t>(dice.chance(0.7) ? 1 : dice.below(4));
    task.padding = large && dice.chance(0.2) ? static_cast<std::uint32_t>(dice.below(20'000)) : 0;
    task.takes = Duration{dice.between(10, 500)};
    if (slow && dice.chance(0.05)) task.takes = milliseconds(dice.between(10, 90));
    scenario.tasks.push_back(std::move(task));
  }
}

}  // namespace

ShardScenario ShardScenario::from_seed(std::uint64_t seed, std::uint64_t events) {
  Dice dice(seed * 0x9e3779b97f4a7c15U + 3);
  ShardScenario scenario;
  scenario.seed = seed;
  scenario.config = config_of(dice);
  scenario.memory = dice.chance(0.3) ? 200'000 : 1U << 30;
  scenario.append_size = static_cast<std::uint32_t>(dice.chance(0.7) ? 5 : 60);
  scenario.append_chance = dice.chance(0.3) ? 0.3 : 0.01 * static_cast<double>(dice.between(1, 5));
  scenario.faults = faults_of(dice);
  add_tasks(scenario, events, dice);
  return scenario;
}

const config::Delivery& ShardScenario::delivery(std::string_view stream) const {
  return std::ranges::find(config.bindings, stream, &config::Binding::from)->delivery;
}

}  // namespace pelton::simulation
