// SPDX-License-Identifier: Apache-2.0
// simulation [--seed N] [--seeds N] [--events N] [--verbose]: runs seeds from N on, one after the
// other.
#include "tests/simulation/world.h"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace {

void print(std::uint64_t seed, const pelton::simulation::Report& report) {
  const auto& seen = report.seen;
  fmt::print(
      "seed {}: {} frames, {} done, {} outputs, {} failures, {} kills, {} dead letters, {} "
      "replayed, "
      "{} deduplicated, {} filtered, {} lives, {} late results, {} steps\n",
      seed, seen.frames, seen.done, seen.outputs, seen.retries, seen.kills, seen.dead,
      seen.replays_done, seen.deduplicated, seen.filtered, seen.restarts, seen.late, report.steps);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "The production dispatcher in a simulated engine: virtual time, seeded faults, a checker");
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::uint64_t events = 2000;
  bool verbose = false;
  app.add_option("--seed", seed, "first seed");
  app.add_option("--seeds", seeds, "how many seeds, counting up");
  app.add_option("--events", events, "events of a run");
  app.add_flag("--verbose", verbose, "say what was seen in each run");
  CLI11_PARSE(app, argc, argv);
  std::uint64_t failed = 0;
  for (std::uint64_t s = seed; s < seed + seeds; ++s) {
    const auto report = pelton::simulation::run(s, events);
    if (verbose) print(s, report);
    if (report.passed()) continue;
    ++failed;
    fmt::print("seed {} FAILED\n", s);
    for (const auto& violation : report.violations) fmt::print("  {}\n", violation);
    fmt::print("  again: build/release/tests/simulation/simulation --seed {} --events {}\n", s,
               events);
  }
  fmt::print("{} of {} seeds passed\n", seeds - failed, seeds);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
