// SPDX-License-Identifier: Apache-2.0
// simulation [--group] [--seed N] [--seeds N] [--events N] [--verbose]: runs seeds from N on, one
// after the other. With --group, nodes that share a consumer group; without, one engine and its
// streams.
#include "tests/simulation/group_world.h"
#include "tests/simulation/world.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdlib>
#include <ranges>

namespace {

constexpr std::size_t kShown = 20;  // of what a seed violates

void print(std::uint64_t seed, const pelton::simulation::GroupReport& report) {
  const auto& seen = report.seen;
  fmt::print(
      "seed {}: {} frames, {} invoked, {} done, {} dead letters, {} assignments ({} to the node "
      "that committed last), {} let go, {} lost, {} deaths, {} resets, {} commits, {} ranges "
      "taken over, {} held, {} late results, {} steps\n",
      seed, seen.frames, seen.invoked, seen.done, seen.dead, seen.sessions, seen.trusted,
      seen.let_go, seen.lost, seen.deaths, seen.resets, seen.commits, seen.ranges, seen.held,
      seen.late, report.steps);
}

void print(std::uint64_t seed, const pelton::simulation::Report& report) {
  const auto& seen = report.seen;
  fmt::print(
      "seed {}: {} frames, {} done, {} outputs, {} failures, {} kills, {} dead letters, {} "
      "replayed, "
      "{} deduplicated, {} filtered, {} read again, {} lives, {} late results, {} steps\n",
      seed, seen.frames, seen.done, seen.outputs, seen.retries, seen.kills, seen.dead,
      seen.replays_done, seen.deduplicated, seen.filtered, seen.reread, seen.restarts, seen.late,
      report.steps);
}

// False: the seed failed.
template <typename Report>
bool show(std::uint64_t seed, const Report& report, bool verbose, const std::string& again) {
  if (verbose) print(seed, report);
  if (report.passed()) return true;
  fmt::print("seed {} FAILED\n", seed);
  for (const auto& violation : report.violations | std::views::take(kShown))
    fmt::print("  {}\n", violation);
  if (report.violations.size() > kShown)
    fmt::print("  and {} more\n", report.violations.size() - kShown);
  fmt::print("  again: build/release/tests/simulation/simulation {}\n", again);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "The production dispatcher in a simulated engine: virtual time, seeded faults, a checker");
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::uint64_t events = 2000;
  bool verbose = false;
  bool group = false;
  bool expect_failure = false;
  app.add_flag(
      "--expect-failure", expect_failure,
      "for a build that is broken on purpose: stop at the first seed that fails; none is an "
      "error");
  app.add_flag("--group", group, "nodes that share a consumer group");
  app.add_option("--seed", seed, "first seed");
  app.add_option("--seeds", seeds, "how many seeds, counting up");
  app.add_option("--events", events, "events of a run");
  app.add_flag("--verbose", verbose, "say what was seen in each run");
  CLI11_PARSE(app, argc, argv);
  std::uint64_t failed = 0;
  for (std::uint64_t s = seed; s < seed + seeds; ++s) {
    const std::string again =
        fmt::format("{}--seed {} --events {}", group ? "--group " : "", s, events);
    const bool passed = group ? show(s, pelton::simulation::run_group(s, events), verbose, again)
                              : show(s, pelton::simulation::run(s, events), verbose, again);
    if (!passed) ++failed;
    if (!passed && expect_failure) return EXIT_SUCCESS;
  }
  fmt::print("{} of {} seeds passed\n", seeds - failed, seeds);
  return failed == 0 && !expect_failure ? EXIT_SUCCESS : EXIT_FAILURE;
}
