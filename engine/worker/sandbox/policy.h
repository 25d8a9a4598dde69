// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/process/launch.h"

#include <filesystem>
#include <vector>

namespace pelton::worker::sandbox {

// Value. What a function's sandbox has to know of the engine.
struct Places {
  std::filesystem::path launcher;             // in the folder of the packages that functions import
  std::filesystem::path data;                 // the engine's folder: hidden
  std::vector<std::filesystem::path> events;  // folders of files that events may name: readable
};

// A folder of the engine's packages -> the launcher.
std::filesystem::path launcher_in(const std::filesystem::path& packages);

// Gives the plan the function's limits and, where it is isolated, a sandbox: the files of the
// system, of the interpreter, of the function, the plan's own, and what the config adds. Such a
// worker has its temporary files in /tmp, unless the function's own environment says otherwise.
void confine(LaunchPlan& plan, const config::Function& function, const Places& places);
// The same of a process that is copied: it keeps its number, its copies have its sandbox. `state`:
// where it writes what it has learnt.
void confine_zygote(LaunchPlan& plan, const config::Function& function, const Places& places,
                    const std::filesystem::path& state);
// What of it a copy has of its own: its environment.
void confine_copy(LaunchPlan& plan, const config::Function& function);

// The sandbox of a function without a rule, for a look at what can be had.
Plan bare_plan(const config::Function& function, const Places& places);

}  // namespace pelton::worker::sandbox
