// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

namespace pelton::postgres {

// The connector "postgres": changes of a database's tables.
connector::ConnectorSpec connector_spec();

}  // namespace pelton::postgres
