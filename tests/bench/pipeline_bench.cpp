// SPDX-License-Identifier: Apache-2.0
// Benches (a) and (c): whole engines with real worker processes. Every event is fsynced before a
// function sees it and settled with an fsynced cursor; the time runs until the last one is.
#include "tests/bench/engine_process.h"
#include "tests/bench/report.h"

#include <CLI/CLI.hpp>
#include <sys/mman.h>

#include <chrono>
#include <filesystem>
#include <new>
#include <thread>

namespace pelton::bench {
namespace {

namespace fs = std::filesystem;

struct Settings {
  std::uint64_t events = 10'000'000;
  int runs = 3;
  std::uint64_t pings = 1000;
  std::string only;  // cpp, python, latency; empty: all
  std::string folder;
};

Shared& shared_page() {
  void* at =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return *new (at) Shared;
}

std::string pipeline_config(const std::string& function, std::uint64_t events) {
  return fmt::format(R"(version: 1
engine: {{ data: ./data, free_space: 100MiB, log: {{ level: warn }} }}
streams:
  input: {{ partitions: 8 }}
connectors:
  load:
    generate: {{ events: {}, bytes: 256, keys: 10000 }}
    to: input
functions:
  noop: {{ {}, scale: {{ min: 1, max: 1 }} }}
bindings:
  count: {{ from: input, function: noop, batch: {{ events: 8192, bytes: 4MiB }}, max_unsettled: 100000 }}
)",
                     events, function);
}

struct Figures {
  std::vector<double> rate, engine_cpu, worker_cpu, peak;
};

bool pipeline_run(const std::string& function, const Settings& settings, Figures& figures) {
  const fs::path folder = fs::path(settings.folder) / "run";
  fs::remove_all(folder);
  Shared& shared = shared_page();
  bool whole = true;
  {
    EngineProcess engine(pipeline_config(function, settings.events), folder, shared);
    if (!engine.wait_ready()) return false;
    const Usage before = engine.usage();
    const std::uint64_t begin = shared.ready_us;
    while (engine.alive() && engine.settled("count") < static_cast<std::int64_t>(settings.events))
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    whole = engine.alive();
    const double seconds = static_cast<double>(monotonic_us() - begin) / 1e6;
    const Usage after = engine.usage();
    const auto n = static_cast<double>(settings.events);
    figures.rate.push_back(n / seconds);
    figures.engine_cpu.push_back((after.engine_cpu_seconds - before.engine_cpu_seconds) / n * 1e9);
    figures.worker_cpu.push_back((after.worker_cpu_seconds - before.worker_cpu_seconds) / n * 1e9);
    figures.peak.push_back(after.engine_peak_bytes);
  }
  fs::remove_all(folder);
  munmap(&shared, sizeof(Shared));
  return whole;
}

int pipeline(const std::string& name, const std::string& function, const Settings& settings) {
  Figures figures;
  for (int i = 0; i < settings.runs; ++i)
    if (!pipeline_run(function, settings, figures)) {
      fmt::print(stderr, "pipeline_bench: the engine ended during case {}\n", name);
      return 1;
    }
  const std::string text = fmt::format("{} 256B x {}", name, settings.events);
  report("pipeline", text, "events_per_second", figures.rate, "1/s");
  report("pipeline", text, "engine_cpu_per_event", figures.engine_cpu, "ns");
  report("pipeline", text, "worker_cpu_per_event", figures.worker_cpu, "ns");
  report("pipeline", text, "engine_peak_memory", figures.peak, "B");
  return 0;
}

std::string latency_config(const std::string& function) {
  return fmt::format(R"(version: 1
engine: {{ data: ./data, free_space: 100MiB, log: {{ level: warn }} }}
streams: {{ input: {{}}, output: {{}} }}
connectors:
  source: {{ ping: {{}}, to: input }}
  sink: {{ pong: {{}}, from: output }}
functions:
  echo: {{ {}, scale: {{ min: 1, max: 1 }} }}
bindings:
  count: {{ from: input, function: echo, to: output }}
)",
                     function);
}

int latency(const std::string& name, const std::string& function, const Settings& settings) {
  const fs::path folder = fs::path(settings.folder) / "run";
  fs::remove_all(folder);
  Shared& shared = shared_page();
  std::vector<double> values;
  {
    EngineProcess engine(latency_config(function), folder, shared);
    if (!engine.wait_ready()) return 1;
    while (engine.alive() && shared.samples < settings.pings)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (!engine.alive()) return 1;
    // The first tenth warms up.
    for (std::uint64_t i = settings.pings / 10; i < settings.pings; ++i)
      values.push_back(shared.latency_us[i]);
  }
  fs::remove_all(folder);
  report("latency", name + " source to sink, idle engine, two fsyncs", "p50",
         {percentile(values, 0.5)}, "us");
  report("latency", name + " source to sink, idle engine, two fsyncs", "p99",
         {percentile(values, 0.99)}, "us");
  return 0;
}

int run(const Settings& settings) {
  const std::string functions = PELTON_BENCH_FUNCTIONS;
  const std::string cpp_noop = fmt::format("runtime: cpp, code: {}", PELTON_BENCH_NOOP);
  const std::string cpp_echo = fmt::format("runtime: cpp, code: {}", PELTON_BENCH_ECHO);
  const std::string python =
      fmt::format("runtime: python, code: {}, interpreter: /usr/bin/python3, handler: ", functions);
  const auto wanted = [&](std::string_view name) {
    return settings.only.empty() || settings.only == name;
  };
  int failed = 0;
  if (wanted("cpp")) failed |= pipeline("cpp", cpp_noop, settings);
  if (wanted("python")) failed |= pipeline("python", python + "\"noop:handle\"", settings);
  if (wanted("latency")) failed |= latency("cpp", cpp_echo, settings);
  if (wanted("latency")) failed |= latency("python", python + "\"echo:handle\"", settings);
  return failed;
}

}  // namespace
}  // namespace pelton::bench

int main(int argc, char** argv) {
  pelton::bench::Settings settings;
  settings.folder =
      (std::filesystem::temp_directory_path() / fmt::format("pelton-bench-{}", getpid())).string();
  CLI::App app("Whole engines under load; prints one JSON object a line.");
  app.add_option("--events", settings.events, "events of a pipeline run");
  app.add_option("--runs", settings.runs, "runs of each pipeline case");
  app.add_option("--pings", settings.pings, "events of the latency case");
  app.add_option("--only", settings.only, "cpp, python or latency");
  app.add_option("--folder", settings.folder, "where the data goes (a disk, not a tmpfs)");
  CLI11_PARSE(app, argc, argv);
  std::filesystem::create_directories(settings.folder);
  const int failed = pelton::bench::run(settings);
  std::filesystem::remove_all(settings.folder);
  return failed;
}
