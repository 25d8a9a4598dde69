// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/group_history.h"

#include <string>
#include <vector>

namespace pelton::simulation {

struct GroupReport {
  std::vector<std::string> violations;
  GroupHistory::Seen seen;
  std::uint64_t steps = 0;
  bool passed() const { return violations.empty(); }
};

// A run from its seed to its end: a topic and its producers, nodes that share a consumer group over
// it, their deaths, freezes and departures, an operator who resets the offsets.
GroupReport run_group(std::uint64_t seed, std::uint64_t events,
                      GroupMutation mutation = GroupMutation::none);

}  // namespace pelton::simulation
