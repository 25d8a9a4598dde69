// SPDX-License-Identifier: Apache-2.0
// What custom idempotency keys cost: of a generator's keys, each is looked up and completed, a
// commit of a thousand at a time is stored, then the store is opened again and the index filled.
#include "engine/dispatch/idempotency_index.h"
#include "engine/store/store.h"
#include "tests/bench/report.h"

#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace pelton::bench {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kKeysOfACommit = 1000;
constexpr Duration kBetweenCommits{1000};
constexpr std::size_t kCommitsUnderWay = 64;
constexpr WallTime kNow = from_us(1'764'000'000'000'000);

struct Settings {
  std::uint64_t keys = 5'000'000;
  std::string folder;
};

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// The n-th key of the generator, as hash128 would give it.
Hash128 key(std::uint64_t n) {
  const auto mixed = [](std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  };
  return {mixed(2 * n + 1), mixed(2 * n + 2)};
}

void take_keys(const Settings& settings, std::uint64_t from, std::vector<Hash128>& out) {
  out.clear();
  const std::uint64_t end = std::min(settings.keys, from + kKeysOfACommit);
  for (std::uint64_t n = from; n < end; ++n) out.push_back(key(n));
}

config::Idempotency options() {
  config::Idempotency options;
  options.ttl = std::chrono::hours(24);
  options.memory = 64ULL << 30;
  return options;
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  file >> pages >> pages;
  return static_cast<double>(pages) * 4096 / 1e6;
}

std::unique_ptr<store::Store> open_store(const Settings& settings) {
  store::Options options;
  options.data = fs::path(settings.folder) / "keys";
  store::StreamSpec spec;
  spec.name = "input";
  auto store = store::Store::open(options, {&spec, 1});
  if (store) return std::move(*store);
  fmt::print(stderr, "keys_bench: {}\n", store.error().text());
  std::exit(1);
}

void report_one(const Settings& settings, const std::string& metric, double value,
                const std::string& unit) {
  report("keys", fmt::format("{} keys", settings.keys), metric, {value}, unit);
}

// In memory only: what the dispatcher pays. A commit's keys come as the events of a batch do.
void index_keys(const Settings& settings) {
  const double before = resident_mb();
  dispatch::IdempotencyIndex index(options());
  const std::clock_t begin = std::clock();
  std::uint64_t found = 0;
  std::vector<Hash128> batch;
  for (std::uint64_t n = 0; n < settings.keys; n += batch.size()) {
    take_keys(settings, n, batch);
    for (const Hash128& each : batch) index.prefetch(each);
    for (const Hash128& each : batch) {
      found += index.completed(each, kNow) ? 1 : 0;
      index.acquire(each, {0, n});
    }
    index.complete(batch, kNow);
    for (const Hash128& each : batch) index.release(each);
  }
  const auto count = static_cast<double>(settings.keys);
  const double cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  report_one(settings, "look up and complete, CPU", cpu * 1e9 / count, "ns");
  report_one(settings, "memory of a key", static_cast<double>(index.usage().bytes) / count, "B");
  report_one(settings, "resident memory of a key", (resident_mb() - before) * 1e6 / count, "B");
  if (found > 0) std::exit(1);
}

void store_keys(const Settings& settings) {
  const auto store = open_store(settings);
  const BindingId binding = *store->binding_id("b");
  std::atomic<std::uint64_t> durable{0};
  const auto begin = SteadyClock::now();
  std::uint64_t commits = 0;
  for (std::uint64_t n = 0; n < settings.keys; ++commits) {
    model::Transaction transaction;
    model::CompletedKeys& completed = transaction.idempotency.emplace_back();
    completed.binding = binding;
    completed.time = kNow + static_cast<std::int64_t>(commits) * kBetweenCommits;
    take_keys(settings, n, completed.fingerprints);
    n += completed.fingerprints.size();
    while (commits - durable.load() >= kCommitsUnderWay) durable.wait(durable.load());
    const auto taken = store->submit(std::move(transaction), store::Origin::engine, [&](auto) {
      ++durable;
      durable.notify_one();
    });
    if (!taken) std::exit(1);
  }
  while (durable.load() < commits) durable.wait(durable.load());
  report_one(settings, "write a key",
             seconds_since(begin) * 1e9 / static_cast<double>(settings.keys), "ns");
}

void fill_again(const Settings& settings) {
  const auto begin = SteadyClock::now();
  const std::clock_t begin_cpu = std::clock();
  const auto store = open_store(settings);
  dispatch::IdempotencyIndex index(options());
  const auto read = store->completed_keys(
      *store->binding_id("b"), model::remembered_since(kNow, options().ttl),
      [&](const model::CompletedKeys& keys) { index.complete(keys.fingerprints, keys.time); });
  if (!read || index.usage().keys != settings.keys || !index.completed(key(7), kNow)) std::exit(1);
  report_one(settings, "ready after a start", seconds_since(begin), "s");
  report_one(settings, "ready after a start, CPU",
             static_cast<double>(std::clock() - begin_cpu) / CLOCKS_PER_SEC, "s");
}

}  // namespace
}  // namespace pelton::bench

int main(int argc, char** argv) {
  CLI::App app("What custom idempotency keys cost");
  pelton::bench::Settings settings;
  settings.folder = std::filesystem::temp_directory_path() / "pelton_keys_bench";
  app.add_option("--keys", settings.keys, "how many");
  app.add_option("--folder", settings.folder, "for the store; its content is deleted");
  CLI11_PARSE(app, argc, argv);
  std::filesystem::remove_all(settings.folder);
  pelton::bench::index_keys(settings);
  pelton::bench::store_keys(settings);
  pelton::bench::fill_again(settings);
  std::filesystem::remove_all(settings.folder);
}
