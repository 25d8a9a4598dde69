// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/yaml/diagnostic.h"

#include <string>

namespace pelton::config {

// The stream in which calls of a durable route wait and the binding that delivers them, and the
// stream that keeps their results.
std::string calls_name(const std::string& route);
std::string results_name(const std::string& route);

// Adds them for each route that has `durable`. E1011: a name is taken. E7100: `to` has a topic.
void add_durable_routes(Config& config, Diagnostics& problems);

}  // namespace pelton::config
