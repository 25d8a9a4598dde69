// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/kinds.h"
#include "engine/connector/connector_spec.h"

#include <span>

namespace pelton::runtime {

// What config files can name in an engine with these connectors and the runtimes of this build.
config::Kinds kinds(std::span<const connector::ConnectorSpec> connectors);

}  // namespace pelton::runtime
