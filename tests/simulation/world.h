// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/sim_engine.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pelton::simulation {

struct Report {
  std::vector<std::string> violations;
  History::Seen seen;
  std::uint64_t steps = 0;
  bool passed() const { return violations.empty(); }
};

// A run from its seed to its end: producers, the operator, the engine and its deaths.
Report run(std::uint64_t seed, std::uint64_t events, Mutation mutation = Mutation::none);

}  // namespace pelton::simulation
