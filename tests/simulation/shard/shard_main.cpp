// SPDX-License-Identifier: Apache-2.0
// shard_simulation [--seed N] [--seeds N] [--events N] [--verbose]: runs seeds from N on, one after
// the other.
#include "engine/observe/log.h"
#include "tests/simulation/shard/shard_world.h"

#include <CLI/CLI.hpp>
#include <sys/personality.h>
#include <unistd.h>

#include <cstdlib>
#include <ranges>

namespace {

constexpr std::size_t kShown = 20;  // of what a seed violates

void print(std::uint64_t seed, const pelton::simulation::ShardReport& report) {
  const auto& seen = report.seen;
  fmt::print(
      "seed {}: {} invoked, {} done, {} dead letters, {} processes ({} at once), {} given back, {} "
      "lives, {} reloads, {} renewals, {} seeks, {} replays, {} steps\n",
      seed, seen.invoked, seen.done, seen.letters, seen.processes, seen.most_at_once,
      seen.given_back, seen.lives, seen.reloads, seen.renewals, seen.seeks, seen.replays,
      report.steps);
}

void show_failure(std::uint64_t seed, std::uint64_t events,
                  const pelton::simulation::ShardReport& report) {
  fmt::print("seed {} FAILED\n", seed);
  for (const auto& violation : report.violations | std::views::take(kShown))
    fmt::print("  {}\n", violation);
  if (report.violations.size() > kShown)
    fmt::print("  and {} more\n", report.violations.size() - kShown);
  fmt::print("  again: build/release/tests/simulation/shard_simulation --seed {} --events {}\n",
             seed, events);
}

}  // namespace

int main(int argc, char** argv) {
  // What the engine orders by address has the same order in each run of a seed.
  if ((::personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0 &&
      ::personality(ADDR_NO_RANDOMIZE) != -1)
    ::execv("/proc/self/exe", argv);
  CLI::App app(
      "The engine's shard with its pools, streams and store on one stepped thread: virtual time, "
      "seeded faults, a checker");
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::uint64_t events = 400;
  bool verbose = false;
  bool expect_failure = false;
  app.add_flag(
      "--expect-failure", expect_failure,
      "for a build that is broken on purpose: stop at the first seed that fails; none is an error");
  app.add_option("--seed", seed, "first seed");
  app.add_option("--seeds", seeds, "how many seeds, counting up");
  app.add_option("--events", events, "events of a run");
  app.add_flag("--verbose", verbose, "say what was seen in each run, and what the engine logs");
  CLI11_PARSE(app, argc, argv);
  using pelton::observe::log::Format;
  using pelton::observe::log::Level;
  pelton::observe::log::configure(verbose ? Level::info : Level::error, Format::pretty, false);
  std::uint64_t failed = 0;
  for (std::uint64_t s = seed; s < seed + seeds; ++s) {
    const auto report = pelton::simulation::run_shard(s, events);
    if (verbose) print(s, report);
    if (report.passed()) continue;
    show_failure(s, events, report);
    if (expect_failure) return EXIT_SUCCESS;
    ++failed;
  }
  fmt::print("{} of {} seeds passed\n", seeds - failed, seeds);
  return failed == 0 && !expect_failure ? EXIT_SUCCESS : EXIT_FAILURE;
}
