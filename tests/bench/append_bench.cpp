// SPDX-License-Identifier: Apache-2.0
// Benches (b) and (d): durable appends by many producers, each with one transaction outstanding and
// answered only after its fsync; and how long a store with 1 GB of state takes to open.
#include "engine/model/batch_builder.h"
#include "engine/store/store.h"
#include "tests/bench/report.h"

#include <CLI/CLI.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

namespace pelton::bench {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint32_t kPartitions = 8;

struct Settings {
  double seconds = 5;
  int runs = 3;
  std::uint64_t state = 1'000'000'000;
  std::string only;  // append, open; empty: both
  std::string folder;
};

struct Case {
  std::size_t producers = 1;
  std::size_t events = 64;  // of one transaction
};

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

model::BatchPtr events_of_256_bytes(std::size_t count, std::uint64_t seed) {
  model::BatchBuilder builder;
  std::string data(256, '.');
  for (std::size_t i = 0; i < count; ++i) {
    // Not compressible to nothing, should somebody switch compression on.
    for (char& c : data) {
      seed = seed * 6364136223846793005U + 1442695040888963407U;
      c = static_cast<char>(seed >> 56);
    }
    const std::string key = std::to_string(seed % 10'000);
    model::EventView event;
    event.key = key;
    event.has_key = true;
    event.data = data;
    event.time_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(i);
    builder.add(event);
  }
  return builder.finish();
}

std::unique_ptr<store::Store> open_store(const fs::path& folder) {
  store::Options options;
  options.data = folder;
  store::StreamSpec spec;
  spec.name = "input";
  spec.partitions = kPartitions;
  auto store = store::Store::open(options, {&spec, 1});
  if (store) return std::move(*store);
  fmt::print(stderr, "append_bench: {}\n", store.error().text());
  std::exit(1);
}

struct Producer {
  std::vector<double> latency_us;
  std::uint64_t events = 0;

  void run(store::Store& store, const Case& each, std::uint32_t number,
           SteadyClock::time_point end) {
    const model::StreamPartition at{*store.find_stream("input"), PartitionId{number % kPartitions}};
    const auto batch = events_of_256_bytes(each.events, number + 1);
    for (auto begin = SteadyClock::now(); begin < end; begin = SteadyClock::now()) {
      model::Transaction transaction;
      transaction.appends.push_back({at, batch});
      auto done = store.submit_and_wait(std::move(transaction), store::Origin::outside,
                                        begin + std::chrono::seconds(60));
      if (!done) {
        fmt::print(stderr, "append_bench: {}\n", done.error().text());
        std::exit(1);
      }
      latency_us.push_back(seconds_since(begin) * 1e6);
      events += each.events;
    }
  }
};

struct Figures {
  std::vector<double> rate, p50, p99, per_sync;
};

void append_run(const Case& each, const Settings& settings, Figures& figures) {
  const fs::path folder = fs::path(settings.folder) / "append";
  fs::remove_all(folder);
  auto store = open_store(folder);
  std::vector<Producer> producers(each.producers);
  const auto begin = SteadyClock::now();
  const auto end = begin + std::chrono::duration_cast<SteadyClock::duration>(
                               std::chrono::duration<double>(settings.seconds));
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < each.producers; ++i)
      threads.emplace_back([&, i] { producers[i].run(*store, each, i, end); });
  }
  const double seconds = seconds_since(begin);
  std::uint64_t events = 0;
  std::vector<double> latency;
  for (const Producer& producer : producers) {
    events += producer.events;
    latency.insert(latency.end(), producer.latency_us.begin(), producer.latency_us.end());
  }
  figures.rate.push_back(static_cast<double>(events) / seconds);
  figures.p50.push_back(percentile(latency, 0.5));
  figures.p99.push_back(percentile(latency, 0.99));
  figures.per_sync.push_back(
      static_cast<double>(store->activity().commits) /
      static_cast<double>(std::max<std::uint64_t>(1, store->activity().syncs)));
  store.reset();
  fs::remove_all(folder);
}

void append(const Case& each, const Settings& settings) {
  Figures figures;
  for (int i = 0; i < settings.runs; ++i) append_run(each, settings, figures);
  const std::string name =
      fmt::format("{} producers, {} x 256B a transaction", each.producers, each.events);
  report("append", name, "events_per_second", figures.rate, "1/s");
  report("append", name, "p50", figures.p50, "us");
  report("append", name, "p99", figures.p99, "us");
  report("append", name, "transactions_per_fsync", figures.per_sync, "1");
}

// Fills a store and ends as if killed: what an engine that ran for a while leaves, nothing flushed
// at the end.
[[noreturn]] void fill(const fs::path& folder, std::uint64_t bytes) {
  const auto store = open_store(folder);
  const auto batch = events_of_256_bytes(256, 1);
  const StreamId stream = *store->find_stream("input");
  const BindingId binding = *store->binding_id("count");
  for (std::uint64_t written = 0; written < bytes;) {
    model::Transaction transaction;
    for (std::uint32_t p = 0; p < kPartitions; ++p) {
      const model::StreamPartition at{stream, PartitionId{p}};
      transaction.appends.push_back({at, batch});
      transaction.progress.push_back({binding, at, {static_cast<Offset>(written), {}}});
      written += batch->bytes().size();
    }
    if (!store->submit_and_wait(std::move(transaction), store::Origin::outside,
                                SteadyClock::now() + std::chrono::seconds(60)))
      ::_exit(1);
  }
  ::_exit(0);
}

// In a process of its own: a forked copy of this one would lack RocksDB's threads.
void fill_elsewhere(const fs::path& folder, std::uint64_t bytes) {
  const std::string state = std::to_string(bytes);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "append_bench", "--fill", folder.c_str(), "--state", state.c_str(),
            static_cast<char*>(nullptr));
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status == 0) return;
  fmt::print(stderr, "append_bench: the store could not be filled\n");
  std::exit(1);
}

// A binding that is far behind: partitions in turns, a mebibyte each. Bytes a second.
double read_all(store::Store& store) {
  const StreamId stream = *store.find_stream("input");
  std::array<Offset, kPartitions> next{};
  std::uint64_t bytes = 0;
  const auto begin = SteadyClock::now();
  for (bool more = true; more;) {
    more = false;
    for (std::uint32_t p = 0; p < kPartitions; ++p) {
      const auto batches = store.read({stream, PartitionId{p}}, next[p], 1U << 20);
      if (!batches) {
        fmt::print(stderr, "append_bench: {}\n", batches.error().message);
        std::exit(1);
      }
      for (const model::PlacedBatch& placed : *batches) {
        bytes += placed.batch->bytes().size();
        next[p] = placed.base + placed.batch->span();
        more = true;
      }
    }
  }
  return static_cast<double>(bytes) / seconds_since(begin);
}

void open_and_read(const Settings& settings) {
  std::vector<double> killed, closed, read;
  for (int i = 0; i < settings.runs; ++i) {
    const fs::path folder = fs::path(settings.folder) / "open";
    fs::remove_all(folder);
    fill_elsewhere(folder, settings.state);
    for (auto* seconds : {&killed, &closed}) {
      const auto begin = SteadyClock::now();
      const auto store = open_store(folder);
      seconds->push_back(seconds_since(begin));
      if (seconds == &closed) read.push_back(read_all(*store));
    }
    fs::remove_all(folder);
  }
  const std::string name = fmt::format("{} MB of state", settings.state / 1'000'000);
  report("open", name + ", after kill -9", "seconds", killed, "s");
  report("open", name + ", after a clean end", "seconds", closed, "s");
  report("read", name + ", from the start", "bytes_per_second", read, "B/s");
}

void run(const Settings& settings) {
  if (settings.only.empty() || settings.only == "append")
    for (const Case& each :
         {Case{1, 64}, Case{16, 64}, Case{64, 64}, Case{1, 1}, Case{16, 1}, Case{64, 1}})
      append(each, settings);
  if (settings.only.empty() || settings.only == "open") open_and_read(settings);
}

}  // namespace
}  // namespace pelton::bench

int main(int argc, char** argv) {
  pelton::bench::Settings settings;
  settings.folder =
      (std::filesystem::temp_directory_path() / fmt::format("pelton-append-{}", ::getpid()))
          .string();
  CLI::App app("Durable appends and opening the store; prints one JSON object a line.");
  app.add_option("--seconds", settings.seconds, "length of one append run");
  app.add_option("--runs", settings.runs, "runs of each case");
  app.add_option("--state", settings.state, "bytes of state for the open case");
  app.add_option("--only", settings.only, "append, or open (which reads as well)");
  app.add_option("--folder", settings.folder, "where the data goes (a disk, not a tmpfs)");
  std::string fill_only;
  app.add_option("--fill", fill_only, "only fill a store in this folder, for the open case");
  CLI11_PARSE(app, argc, argv);
  if (!fill_only.empty()) pelton::bench::fill(fill_only, settings.state);
  std::filesystem::create_directories(settings.folder);
  pelton::bench::run(settings);
  std::filesystem::remove_all(settings.folder);
  return 0;
}
