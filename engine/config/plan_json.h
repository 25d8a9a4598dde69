// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/plan.h"
#include "engine/config/yaml/diagnostic.h"

#include <string>
#include <vector>

namespace pelton::config {

// Value. What became of a new config, as commands and the admin API tell it.
struct Review {
  // A plan: changes | unchanged | invalid | refused. A reload: applied | unchanged | invalid |
  // refused | failed.
  std::string outcome;
  std::string file;
  std::vector<Diagnostic> problems;  // of the file
  Plan plan;
  std::string error;  // failed: why, and what the engine does now
};

// A valid config that was compared: changes, unchanged or refused.
Review review(std::string file, std::vector<Diagnostic> problems, Plan plan);

// As docs/admin_api.md describes it. A secret has "" for a text that is set.
std::string to_json(const Review& review);

}  // namespace pelton::config
