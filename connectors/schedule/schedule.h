// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

namespace pelton::schedule {

// The connector "schedule": events at set times.
connector::ConnectorSpec connector_spec();

}  // namespace pelton::schedule
