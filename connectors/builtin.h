// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

#include <vector>

namespace pelton {

// Every connector that is built in, in the order in which `pelton describe` lists them.
std::vector<connector::ConnectorSpec> builtin_connectors();

}  // namespace pelton
