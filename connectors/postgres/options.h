// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/sink_options.h"
#include "connectors/database/snapshot_mode.h"
#include "connectors/database/table_pattern.h"
#include "connectors/postgres/envelope.h"
#include "connectors/postgres/values.h"
#include "engine/config/spec/connector_options.h"

#include <string>
#include <vector>

namespace pelton::postgres {

using database::SinkOptions;
using database::SnapshotMode;
using database::TablePattern;

// Value. A source's options, whose defaults stand here.
struct SourceOptions {
  std::string connector;
  std::string url;
  std::vector<TablePattern> tables;
  std::string slot;                       // empty in the file: pelton_<connector>
  std::vector<std::string> publications;  // empty in the file: one, named as the slot
  bool create = true;
  SnapshotMode snapshot = SnapshotMode::initial;
  Envelope envelope = Envelope::flat;
  Decimals decimals = Decimals::text;
  bool tombstones = false;
};

// Their settings are SourceOptions and SinkOptions. E7080: `url`; E7092: tables and names of a
// source; E7240: options of a sink.
config::ConnectorOptions describe_options();

}  // namespace pelton::postgres
