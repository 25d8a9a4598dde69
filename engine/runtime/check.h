// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/yaml/diagnostic.h"

#include <vector>

namespace pelton::runtime {

// What only those who will use the options can say of a config: the Kafka client of the properties
// of streams.
std::vector<config::Diagnostic> check(const config::Config& config);

}  // namespace pelton::runtime
