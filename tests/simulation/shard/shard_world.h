// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/shard/shard_history.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pelton::simulation {

struct ShardReport {
  std::vector<std::string> violations;
  ShardHistory::Seen seen;
  std::uint64_t steps = 0;
  bool passed() const { return violations.empty(); }
};

// A run from its seed to its end: producers, the operator, the engine's inside and its lives.
ShardReport run_shard(std::uint64_t seed, std::uint64_t events);

}  // namespace pelton::simulation
