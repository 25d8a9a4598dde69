// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/connector_options.h"

#include <vector>

namespace pelton::cli {

// The options of every connector of this build.
std::vector<config::ConnectorOptions> connector_options();

}  // namespace pelton::cli
