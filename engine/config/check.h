// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/diagnostic.h"
#include "engine/config/option_spec.h"

#include <span>

namespace pelton::config {

// What the parts of a config have to do with each other and with the file system: references,
// loops, files that are not there, parts that nothing uses.
void check_config(const Config& config, std::span<const ConnectorOptions> connectors,
                  Diagnostics& problems);

}  // namespace pelton::config
