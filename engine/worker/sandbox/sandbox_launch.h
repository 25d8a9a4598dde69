// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/process/launch.h"
#include "engine/worker/sandbox/policy.h"

namespace pelton::worker::sandbox {

// As worker::launch(), of a plan with a sandbox; the child says what came of that. Waits until the
// program has been started, a few milliseconds. E3001: the program cannot be started; E7310: the
// sandbox is required and not to be had; E7314: the launcher is not there or does not answer.
Result<Child> launch_confined(LaunchPlan plan);

// What of a function's sandbox can be had here, found out by making one that nothing runs in; once
// for all functions that want the same. Errors as above. Any thread.
Result<Outcome> probe(const config::Function& function, const Places& places);

}  // namespace pelton::worker::sandbox
