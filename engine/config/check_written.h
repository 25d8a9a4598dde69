// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/check.h"

namespace pelton::config {

// Connectors that may write, move or delete files where that would destroy the engine's store, run
// code that came with an event, or feed another source: E1030, one problem for each such folder.
// Symbolic links and ".." are resolved; folders meet when they are the same or one holds the other.
void check_written(const Config& config, Diagnostics& problems);

}  // namespace pelton::config
