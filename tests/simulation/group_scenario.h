// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/scenario.h"

#include <cstdint>

namespace pelton::simulation {

// What goes wrong between the nodes of a consumer group and its broker; all zero once the faults
// are over.
struct GroupFaults {
  double commit_fails = 0, commit_late = 0, commit_unknown = 0;  // per commit
  double fetch_fails = 0;     // per question for a committed offset
  double output_fails = 0;    // per event that made outputs
  double die_at_commit = 0;   // kill -9 after the store has it, before the broker has
  double restore_backup = 0;  // per kill: the node's disk is an older one when it comes back
  Duration kill{};            // mean time between kills of some node; 0: none
  Duration pause{};           // ... between freezes (SIGSTOP) ...
  Duration leave{};           // ... between nodes that leave in good order and come back
  Duration reset{};           // ... between resets of the offsets by the operator
};

// One run of several nodes that share a consumer group over a topic.
struct GroupScenario {
  // The binding, its workers and messages, the faults of workers and stores. `partitions` are the
  // topic's.
  Scenario base;
  std::uint32_t nodes = 2;
  bool cooperative = false;  // only the partitions that move are revoked
  bool outputs = false;      // some results are held until their outputs are delivered
  Duration drain{};
  Duration commit_interval{};
  Duration session_timeout{};
  Duration rebalance_timeout{};        // for the answer to a revoke
  std::uint32_t metadata_ranges = 20;  // most that fit beside a committed offset
  GroupFaults faults;

  static GroupScenario from_seed(std::uint64_t seed, std::uint64_t events);
};

// Ways to break the rules of a node, so that the checker can be checked.
enum class GroupMutation {
  none,
  commits_after_lost,      // what is durable is committed although the partition is lost
  commits_after_revoke,    // ... or its revoke was answered
  commits_read_position,   // the offset that will be read next
  commits_undurable,       // what the store does not have yet
  commits_old_generation,  // with that of the first assignment
  forgets_last_commit,     // a revoke is answered without a last commit
  forgets_failed_commit,   // a commit that failed, or may have, counts as made
  ignores_committed,       // starts where its own disk says
  trusts_foreign_ranges,   // ranges of its disk count whoever committed last
  trusts_foreign_retries,  // retries of its disk do
  ignores_epoch,           // its disk counts when it committed last, from whatever time the disk is
  ignores_metadata,        // completed ranges of the committed offset are invoked again
  skips_metadata_twice,    // ... or as many again are skipped behind each
  forgets_attempts,        // those that travel with the offset do not count
  forgets_local,           // its own disk never counts
  drains_nothing,          // a revoke does not stop new frames
  answers_revoke_early,    // and is answered before handlers have finished
  ignores_lost,            // goes on with what it lost
  holds_nothing,           // events whose outputs are on their way go to another worker
  packs_offsets,           // offsets that are missing are not taken for missing
  window_ignored,          // the window is larger than it should be
  last,
};
std::string name_of(GroupMutation mutation);

}  // namespace pelton::simulation
