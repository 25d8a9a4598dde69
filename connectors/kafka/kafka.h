// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

namespace pelton::kafka_connector {

// The connector "kafka": the records of a topic in, events out to a topic.
connector::ConnectorSpec connector_spec();

}  // namespace pelton::kafka_connector
