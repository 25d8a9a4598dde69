// SPDX-License-Identifier: Apache-2.0
// What the dispatcher core costs an event: offer -> pull -> finished -> committed on one thread.
#include "engine/dispatch/dispatcher.h"
#include "engine/model/batch_builder.h"

#include <benchmark/benchmark.h>

#include <deque>
#include <random>
#include <vector>

namespace pelton::dispatch {
namespace {

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kKeys = 10'000;
constexpr WallTime kNow = from_us(1'000'000);

std::vector<model::BatchPtr> stored_batches(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<model::BatchPtr> batches;
  model::BatchBuilder builder;
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::string key = fmt::format("device-{}", random() % kKeys);
      const std::string data(256 - key.size(), 'x');
      model::EventView event;
      event.source = "/bench";
      event.type = "reading";
      event.key = key;
      event.has_key = true;
      event.data = data;
      event.time_us = static_cast<std::int64_t>(b);
      builder.add(event);
    }
    batches.push_back(builder.finish());
  }
  return batches;
}

model::BatchPtr one_event(std::string_view key) {
  model::EventView event;
  event.key = key;
  event.has_key = true;
  event.data = "x";
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

DispatcherOptions options(model::Order order) {
  DispatcherOptions options;
  options.id = BindingId{1};
  options.binding = "bench";
  options.function = "noop";
  options.stream_id = StreamId{1};
  options.stream = "events";
  options.delivery.order = order;
  options.delivery.batch = {kBatch, 4U << 20, Duration{0}};
  options.delivery.retry.first = std::chrono::milliseconds(200);
  options.delivery.retry.max = std::chrono::minutes(5);
  return options;
}

// `depth` frames are in flight at once; 1 in `fails` events fails once (0: none). Per item: one
// event.
void pass_through(benchmark::State& state, model::Order order, std::size_t depth,
                  std::uint64_t fails) {
  const auto batches = stored_batches(64);
  Dispatcher dispatcher(options(order));
  dispatcher.assign(PartitionId{0}, {});
  Commits commits;
  std::deque<std::pair<FrameId, std::uint32_t>> running;
  std::mt19937_64 random(2);
  std::size_t next = 0;
  WallTime now = kNow;
  std::uint64_t settled = 0;
  for (auto _ : state) {
    now += std::chrono::milliseconds(1);
    dispatcher.on_timer(now, commits);
    while (dispatcher.wants(PartitionId{0}).events >= kBatch)
      dispatcher.offer(PartitionId{0}, dispatcher.wants(PartitionId{0}).from,
                       batches[next++ % batches.size()], now, commits);
    while (running.size() < depth) {
      auto frame = dispatcher.pull(WorkerId{1}, {kBatch, 4U << 20}, now, commits);
      if (!frame) break;
      running.emplace_back(frame->id, static_cast<std::uint32_t>(frame->batch->size()));
    }
    const auto [id, count] = running.front();
    running.pop_front();
    model::FrameResult result;
    result.count = count;
    for (std::uint32_t i = 0; fails > 0 && i < count; ++i)
      if (random() % fails == 0)
        result.not_done.push_back({i, model::OutcomeCode::retry, "", "", "", {}, true});
    settled += count - result.not_done.size();
    if (!dispatcher.finished(WorkerId{1}, id, std::move(result), now, commits)) std::abort();
    for (const Commit& commit : commits) dispatcher.committed(commit.token);
    commits.clear();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(settled));
}

// One event at a time of a stream of many partitions, with everything that a shard asks around it.
void one_event_at_a_time(benchmark::State& state) {
  const auto partitions = static_cast<std::uint32_t>(state.range(0));
  const model::BatchPtr batch = one_event("device-1");
  Dispatcher dispatcher(options(model::Order::key));
  for (std::uint32_t p = 0; p < partitions; ++p) dispatcher.assign(PartitionId{p}, {});
  Commits commits;
  std::mt19937_64 random(2);
  for (auto _ : state) {
    const PartitionId partition{static_cast<std::uint32_t>(random() % partitions)};
    dispatcher.offer(partition, dispatcher.wants(partition).from, batch, kNow, commits);
    if (!dispatcher.has_work(kNow)) std::abort();
    const auto frame = dispatcher.pull(WorkerId{1}, {kBatch, 4U << 20}, kNow, commits);
    benchmark::DoNotOptimize(dispatcher.next_due());
    model::FrameResult result;
    result.count = 1;
    if (!dispatcher.finished(WorkerId{1}, frame->id, std::move(result), kNow, commits))
      std::abort();
    for (const Commit& commit : commits) dispatcher.committed(commit.token);
    commits.clear();
    benchmark::DoNotOptimize(dispatcher.has_work(kNow));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

// So many keys wait for their next attempt while others go on: a commit costs what it settles.
void beside_parked_keys(benchmark::State& state) {
  DispatcherOptions many = options(model::Order::key);
  many.delivery.max_unsettled = 100'000;
  many.delivery.batch.events = 1;
  Dispatcher dispatcher(std::move(many));
  dispatcher.assign(PartitionId{0}, {});
  Commits commits;
  std::uint64_t number = 0;
  const auto one = [&](bool fails) {
    const std::string key = fmt::format("key-{}", number++);
    dispatcher.offer(PartitionId{0}, dispatcher.wants(PartitionId{0}).from, one_event(key), kNow,
                     commits);
    const auto frame = dispatcher.pull(WorkerId{1}, {1, 4U << 20}, kNow, commits);
    model::FrameResult result;
    result.count = 1;
    if (fails) result.not_done.push_back({0, model::OutcomeCode::retry, "", "", "", {}, true});
    if (!dispatcher.finished(WorkerId{1}, frame->id, std::move(result), kNow, commits))
      std::abort();
    for (const Commit& commit : commits) dispatcher.committed(commit.token);
    commits.clear();
  };
  for (std::int64_t i = 0; i < 2 * state.range(0); ++i) one(i % 2 == 0);
  for (auto _ : state) one(false);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK(one_event_at_a_time)->Arg(8)->Arg(256)->Arg(1024);
BENCHMARK(beside_parked_keys)->Arg(0)->Arg(5000);
BENCHMARK_CAPTURE(pass_through, key, model::Order::key, 1, 0);
BENCHMARK_CAPTURE(pass_through, key_4_frames, model::Order::key, 4, 0);
BENCHMARK_CAPTURE(pass_through, key_4_frames_1_percent_fail, model::Order::key, 4, 100);
BENCHMARK_CAPTURE(pass_through, none_4_frames, model::Order::none, 4, 0);

}  // namespace
}  // namespace pelton::dispatch

BENCHMARK_MAIN();
