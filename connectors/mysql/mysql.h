// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

namespace pelton::mysql {

// The connector "mysql": changes of the tables of a MySQL or MariaDB server.
connector::ConnectorSpec connector_spec();

}  // namespace pelton::mysql
