// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/scenario.h"

#include "engine/model/batch_builder.h"

namespace pelton::simulation {
namespace {

using std::chrono::milliseconds;

Fate fate_of(Dice& dice, double bad) {
  if (!dice.chance(bad)) return Fate::good;
  switch (dice.below(8)) {
    case 0:
      return Fate::killer;
    case 1:
      return Fate::rejects;
    case 2:
      return Fate::poison;
    case 3:
      return Fate::waits;
    default:
      return Fate::flaky;
  }
}

void add_messages(Scenario& scenario, Dice& dice) {
  const double bad = dice.chance(0.3) ? 0.2 : 0.03;
  const std::uint64_t keys = dice.chance(0.3) ? 5 : 200;
  const double keyless = dice.chance(0.3) ? 0.3 : 0;
  for (std::uint64_t n = 0; n < scenario.events; ++n) {
    Message message;
    message.number = n;
    if (!dice.chance(keyless)) message.key = fmt::format("key-{}", dice.below(keys));
    // Some events of different numbers share a key, as a device that reports twice.
    if (scenario.binding.idempotency && !dice.chance(0.1))
      message.once = fmt::format("once-{}", dice.chance(0.1) ? dice.below(n + 1) : n);
    if (scenario.filter) {
      message.garbled = dice.chance(0.02);
      message.passes = !message.garbled && dice.chance(0.7);
    }
    message.fate = fate_of(dice, bad);
    message.failures = static_cast<std::uint32_t>(dice.between(1, 3));
    message.outputs = static_cast<std::uint32_t>(dice.chance(0.7) ? 1 : dice.below(4));
    message.mended = dice.chance(0.7);
    scenario.messages.push_back(std::move(message));
  }
}

void add_faults(Scenario& scenario, Dice& dice) {
  Faults& faults = scenario.faults;
  auto some = [&](double p) { return dice.chance(0.5) ? p : 0; };
  faults.crash = some(0.03);
  faults.hang = some(0.02);
  faults.blind = dice.chance(0.5) ? 0.5 : 0;
  faults.twice = some(0.05);
  faults.late = some(0.03);
  faults.garbage = some(0.02);
  faults.partial = some(0.3);
  faults.infrastructure = some(0.02);
  faults.recycle = some(0.02);
  faults.store_slow = some(0.05);
  faults.store_fails = some(0.002);
  faults.producer_retries = some(0.05);
  faults.open_fails = 0.1;
  if (dice.chance(0.6)) faults.engine_crash = milliseconds(dice.between(20, 400));
  if (dice.chance(0.6)) faults.replay = milliseconds(dice.between(2, 50));
  if (dice.chance(0.2)) faults.seek = milliseconds(dice.between(5, 100));
  if (dice.chance(0.4)) faults.purge = milliseconds(dice.between(20, 200));
}

dispatch::DispatcherOptions binding_of(Dice& dice) {
  dispatch::DispatcherOptions binding;
  binding.id = BindingId{1};
  binding.binding = "simulated";
  binding.function = "function";
  binding.stream_id = kInput;
  binding.stream = "input";
  const std::uint64_t order = dice.below(10);
  binding.delivery.order = order < 7   ? model::Order::key
                           : order < 9 ? model::Order::partition
                                       : model::Order::none;
  binding.delivery.batch.events = static_cast<std::uint32_t>(dice.between(1, 40));
  binding.delivery.batch.bytes = dice.chance(0.2) ? 300 : 1U << 20;
  if (dice.chance(0.2)) binding.delivery.batch.wait = milliseconds(dice.between(1, 20));
  binding.delivery.retry.attempts = static_cast<std::uint32_t>(dice.between(1, 5));
  binding.delivery.retry.first = milliseconds(dice.between(1, 20));
  binding.delivery.retry.factor = 2;
  binding.delivery.retry.max = milliseconds(200);
  binding.delivery.retry.jitter = 0.2;
  if (dice.chance(0.1)) binding.delivery.retry.max_age = milliseconds(dice.between(5, 500));
  binding.delivery.max_unsettled =
      static_cast<std::uint32_t>(dice.chance(0.5) ? dice.between(4, 64) : 1000);
  if (dice.chance(0.8))
    binding.outputs = {{"output", kOutput, static_cast<std::uint32_t>(dice.between(1, 3))}};
  if (dice.chance(0.4)) {
    config::FieldRef field;
    field.kind = config::FieldRef::Kind::data;
    field.path = {"once"};
    binding.idempotency = config::Idempotency{{field}, std::chrono::hours(24 * 365)};
  }
  binding.seed = dice.seed();
  return binding;
}

// Some keys are known for a short time only.
Duration key_ttl(Dice dice) {
  if (dice.chance(0.5)) return std::chrono::hours(24 * 365);
  return milliseconds(dice.between(5, 100));
}

// Some windows have room for a batch or a few only. Of dice of its own, so that the rest of a seed
// is what it was.
std::uint64_t window_bytes(Dice dice) {
  const auto small = static_cast<std::uint64_t>(dice.between(200, 20'000));
  return dice.chance(0.5) ? small : 1U << 20;
}

// Some keep nothing of what is parked, or of what is parked and large.
std::optional<std::uint64_t> release_from(Dice dice) {
  if (dice.chance(0.4)) return std::nullopt;
  return dice.chance(0.6) ? 0 : static_cast<std::uint64_t>(dice.between(20, 60));
}

// Some functions choose between two streams.
void add_output(Dice dice, dispatch::DispatcherOptions& binding) {
  if (binding.outputs.empty() || !dice.chance(0.4)) return;
  binding.outputs.push_back(
      {"other", kOtherOutput, static_cast<std::uint32_t>(dice.between(1, 3))});
}

// Some give only so many events in a time.
std::optional<config::Rate> rate_limit(Dice dice) {
  if (!dice.chance(0.15)) return std::nullopt;
  return config::Rate{static_cast<std::uint32_t>(dice.between(100, 5000))};
}

// Some engines have less than their windows may take.
std::uint64_t engine_memory(Dice dice) {
  const auto small = static_cast<std::uint64_t>(dice.between(500, 10'000));
  return dice.chance(0.3) ? small : 1U << 30;
}

// Some pause when many fail; of the others the breaker is disabled.
config::Breaker breaker_of(Dice dice) {
  config::Breaker breaker;
  breaker.failures = dice.chance(0.5) ? 0 : static_cast<std::uint32_t>(dice.between(2, 5));
  breaker.first = milliseconds(dice.between(1, 5));
  breaker.max = milliseconds(20);
  if (dice.chance(0.3)) breaker.rate = 0.1 * static_cast<double>(dice.between(3, 10));
  return breaker;
}

// Some streams are large and drop what is settled; the smaller the segments, the more are recycled.
void set_disk(Scenario& scenario, Dice dice) {
  scenario.disk.segment_bytes = (16U << 10) << dice.below(4);
  scenario.disk.tail_bytes = dice.chance(0.5) ? 0 : 1U << 20;
  if (!dice.chance(0.25)) return;
  scenario.disk.retention_bytes = 256U << 10;
  for (Message& message : scenario.messages) message.padding = 2000;
}

}  // namespace

std::string Message::data() const {
  if (garbled) return fmt::format(R"({{"pass": tru, "number": {})", number);
  std::string text = fmt::format(R"({{"number": {}, "pass": {})", number, passes);
  if (!once.empty()) text += fmt::format(R"(, "once": "{}")", once);
  if (padding > 0) text += fmt::format(R"(, "padding": "{}")", std::string(padding, 'x'));
  return text + "}";
}

model::BatchPtr one_event(std::string_view data) {
  model::EventView event;
  event.data = data;
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

Scenario Scenario::from_seed(std::uint64_t seed, std::uint64_t events) {
  Dice dice(seed * 0x9e3779b97f4a7c15U + 1);
  Scenario scenario;
  scenario.seed = seed;
  scenario.events = events;
  scenario.partitions = static_cast<std::uint32_t>(dice.between(1, 4));
  scenario.workers = static_cast<std::uint32_t>(dice.between(1, 4));
  scenario.append_size = static_cast<std::uint32_t>(dice.chance(0.5) ? 5 : 100);
  scenario.gaps = dice.chance(0.2);
  scenario.filter = dice.chance(0.3);
  scenario.limits = {static_cast<std::uint32_t>(dice.between(1, 60)), 1U << 20};
  scenario.binding = binding_of(dice);
  scenario.binding.delivery.max_unsettled_bytes = window_bytes(Dice(seed + 1234));
  scenario.memory = engine_memory(Dice(seed + 4321));
  scenario.binding.delivery.breaker = breaker_of(Dice(seed + 8765));
  scenario.binding.release_from = release_from(Dice(seed + 5678));
  add_output(Dice(seed + 2468), scenario.binding);
  scenario.binding.delivery.rate_limit = rate_limit(Dice(seed + 3579));
  if (scenario.filter) {
    config::FilterRule rule;
    rule.field.kind = config::FieldRef::Kind::data;
    rule.field.path = {"pass"};
    config::Matcher matcher;
    matcher.flag = true;
    rule.any_of.push_back(matcher);
    scenario.binding.filter.push_back(rule);
  }
  if (scenario.binding.idempotency) scenario.binding.idempotency->ttl = key_ttl(Dice(seed + 8765));
  add_faults(scenario, dice);
  scenario.faults.clock_set = Dice(seed + 6789).chance(0.4) ? 0.5 : 0;
  // A seek makes events be done again, which is what an idempotency key is to prevent: one or the
  // other.
  if (scenario.binding.idempotency) scenario.faults.seek = {};
  if (scenario.faults.seek > Duration{0}) {
    scenario.faults.replay = {};
    scenario.faults.slow = 0.2;
  }
  if (Dice(seed + 9876).chance(0.5)) scenario.faults.gives_back = 0.1;
  if (Dice(seed + 6789).chance(0.3)) scenario.faults.raises = 0.1;
  add_messages(scenario, dice);
  set_disk(scenario, Dice(seed + 4321));
  return scenario;
}

std::optional<std::string> Scenario::lane(const Message& message) const {
  if (binding.delivery.order == model::Order::partition) return "";
  if (binding.delivery.order == model::Order::none || !message.key) return std::nullopt;
  return *message.key;
}

}  // namespace pelton::simulation
