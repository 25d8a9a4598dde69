// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

#include <string_view>
#include <vector>

namespace pelton::worker {

// Every runtime that is built in, in the order in which `pelton describe` lists them.
const std::vector<RuntimeSpec>& builtin_runtimes();
// One that is among them.
const RuntimeSpec& builtin_runtime(std::string_view name);

}  // namespace pelton::worker
