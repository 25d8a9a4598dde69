// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/group_scenario.h"

namespace pelton::simulation {
namespace {

using std::chrono::milliseconds;

void add_faults(GroupFaults& faults, Dice& dice) {
  auto some = [&](double p) { return dice.chance(0.5) ? p : 0; };
  auto sometimes = [&](double p, std::int64_t low, std::int64_t high) {
    return dice.chance(p) ? Duration{milliseconds(dice.between(low, high))} : Duration{};
  };
  faults.commit_fails = some(0.1);
  faults.commit_late = some(0.1);
  faults.commit_unknown = some(0.1);
  faults.fetch_fails = some(0.2);
  faults.output_fails = some(0.03);
  faults.die_at_commit = some(0.01);
  faults.restore_backup = some(0.7);
  faults.kill = sometimes(0.5, 40, 400);
  faults.pause = sometimes(0.5, 40, 400);
  faults.leave = sometimes(0.5, 40, 300);
  faults.reset = sometimes(0.4, 100, 400);
}

// What concerns streams of its own, or the whole engine, is for the other simulation.
void simplify(Scenario& base) {
  base.filter = false;
  base.binding.filter.clear();
  base.binding.idempotency.reset();
  base.binding.outputs.clear();
  base.binding.release_from.reset();
  base.faults.engine_crash = base.faults.replay = base.faults.seek = {};
  base.faults.producer_retries = 0;
}

}  // namespace

GroupScenario GroupScenario::from_seed(std::uint64_t seed, std::uint64_t events) {
  GroupScenario scenario;
  scenario.base = Scenario::from_seed(seed, events);
  simplify(scenario.base);
  Dice dice(seed * 0x9e3779b97f4a7c15U + 5);
  scenario.base.partitions = static_cast<std::uint32_t>(dice.between(1, 6));
  scenario.base.workers = static_cast<std::uint32_t>(dice.between(1, 3));
  scenario.base.gaps = dice.chance(0.6);
  scenario.nodes = static_cast<std::uint32_t>(dice.between(1, 4));
  scenario.cooperative = dice.chance(0.3);
  scenario.outputs = dice.chance(0.5);
  scenario.drain = milliseconds(dice.chance(0.3) ? dice.between(0, 3) : dice.between(5, 100));
  scenario.commit_interval = milliseconds(dice.between(1, 20));
  scenario.session_timeout = milliseconds(dice.between(10, 60));
  scenario.rebalance_timeout = milliseconds(dice.between(30, 200));
  scenario.metadata_ranges = static_cast<std::uint32_t>(dice.chance(0.3) ? dice.between(1, 4) : 50);
  add_faults(scenario.faults, dice);
  return scenario;
}

std::string name_of(GroupMutation mutation) {
  static constexpr const char* kNames[] = {"none",
                                           "commits_after_lost",
                                           "commits_after_revoke",
                                           "commits_read_position",
                                           "commits_undurable",
                                           "commits_old_generation",
                                           "forgets_last_commit",
                                           "forgets_failed_commit",
                                           "ignores_committed",
                                           "trusts_foreign_ranges",
                                           "trusts_foreign_retries",
                                           "ignores_epoch",
                                           "ignores_metadata",
                                           "skips_metadata_twice",
                                           "forgets_attempts",
                                           "forgets_local",
                                           "drains_nothing",
                                           "answers_revoke_early",
                                           "ignores_lost",
                                           "holds_nothing",
                                           "packs_offsets",
                                           "window_ignored"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(GroupMutation::last));
  return kNames[static_cast<std::size_t>(mutation)];
}

}  // namespace pelton::simulation
