// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/start.h"
#include "engine/config/spec/connector_options.h"
#include "engine/kafka/options.h"

namespace pelton::kafka_connector {

// Value. A source's options.
struct SourceOptions {
  kafka::TopicOptions topic;
  kafka::GroupOptions group;
  config::Start start;
};

// Value. A sink's options.
struct SinkOptions {
  kafka::TopicOptions topic;
};

// The one description of both directions. Properties that the client library refuses are E6102.
config::ConnectorOptions describe_options();

}  // namespace pelton::kafka_connector
