// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

namespace pelton::directory {

// The connector "directory": files in, files out.
connector::ConnectorSpec connector_spec();

}  // namespace pelton::directory
