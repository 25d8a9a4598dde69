// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/plan.h"

#include <set>
#include <string>

namespace pelton::runtime {

// Value. Parts of a config that run, by their names.
struct Lineup {
  std::set<std::string> functions;  // those that some binding or route uses
  std::set<std::string> bindings;
  std::set<std::string> sinks;
  std::set<std::string> sources;

  bool operator==(const Lineup&) const = default;
};

// All that run.
Lineup everything(const config::Config& config);

// Value. What a plan means for what runs: the parts of the old config that stop and those of the
// new one that start. A part in neither is not touched.
struct Changeover {
  Lineup stop;
  Lineup start;
};
Changeover changeover(const config::Config& before, const config::Config& after,
                      const config::Plan& plan);

}  // namespace pelton::runtime
