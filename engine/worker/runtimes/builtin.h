// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

#include <vector>

namespace pelton::worker {

// Every runtime that is built in, in the order in which `pelton describe` lists them.
const std::vector<RuntimeSpec>& builtin_runtimes();

}  // namespace pelton::worker
