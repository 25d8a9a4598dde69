// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/yaml/diagnostic.h"

namespace pelton::config {

// What the parts of a config have to do with each other and with the file system: names that must
// differ, loops, a source that reads the engine's own data.
void check_config(const Config& config, Diagnostics& problems);

// Events that come back to the stream they came from, through bindings or through a place outside
// that one connector writes and another reads. One problem for each loop found. Folders are
// check_written's, which refuses every connector that writes where another one reads.
void check_loops(const Config& config, Diagnostics& problems);

// A topic, as connectors name theirs.
Location topic_location(const Topic& topic, bool written);

}  // namespace pelton::config
