// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/connector/connector_spec.h"

#include <span>
#include <vector>

namespace pelton::runtime {

// What only those who will use the options can say of a config: the Kafka client of its properties;
// connectors of theirs, when nothing else is wrong (`sound`).
std::vector<config::Diagnostic> check(const config::Config& config, bool sound,
                                      std::span<const connector::ConnectorSpec> connectors);

}  // namespace pelton::runtime
