// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/connector_spec.h"

namespace pelton::s3 {

// Objects of a bucket as events, and events as objects.
connector::ConnectorSpec connector_spec();

}  // namespace pelton::s3
