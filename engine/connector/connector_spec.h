// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/notices.h"
#include "engine/config/parts/connector.h"
#include "engine/config/spec/connector_options.h"
#include "engine/connector/consumption.h"
#include "engine/connector/ledger.h"
#include "engine/connector/sink.h"
#include "engine/connector/source.h"

#include <any>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pelton::connector {

// What a connector is built from: its parsed options, its name in the config file, its durable
// memory, and for a source how far its stream has been consumed (null for sinks), and what routes
// have for it. All outlive it.
struct BuildContext {
  const config::Connector& config;
  Ledger& ledger;
  Consumption* consumption = nullptr;
  std::shared_ptr<NoticeBox> notices{};  // shared with those routes

  // What the connector's ConnectorSide has read.
  template <typename T>
  const T& settings() const {
    return std::any_cast<const T&>(config.settings);
  }
};

// Value. All that the engine knows of a kind of connector: its options (config::ConnectorOptions,
// the source of parsing, `pelton describe`, the schema and its reference page) and how to build
// each direction; an empty function where it has none. connectors/builtin.cpp lists them.
struct ConnectorSpec {
  config::ConnectorOptions options;
  std::function<Result<std::unique_ptr<Source>>(const BuildContext&)> make_source;
  std::function<Result<std::unique_ptr<Sink>>(const BuildContext&)> make_sink;
  // For `validate --online`: whether its system answers, asked without changing anything there.
  // Absent: the folders among its locations say enough.
  std::function<Status(const config::Connector&)> probe{};
  // The longest pause between attempts to connect.
  std::chrono::milliseconds backoff_max{60'000};
};

}  // namespace pelton::connector
