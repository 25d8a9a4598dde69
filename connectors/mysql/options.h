// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/database/sink_options.h"
#include "connectors/database/snapshot_mode.h"
#include "connectors/database/table_pattern.h"
#include "connectors/mysql/server_url.h"
#include "engine/config/spec/connector_options.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::mysql {

using database::Decimals;
using database::Envelope;
using database::SnapshotMode;
using database::TablePattern;

// How a position says which transactions were read.
enum class Positions : std::uint8_t {
  gtid,  // by their numbers; by places where the server has none
  file,  // by the log's files and offsets
};

// Value. A source's options, whose defaults stand here.
struct SourceOptions {
  std::string connector;
  std::string url;
  std::optional<net::Tls> tls;
  std::vector<TablePattern> tables;
  SnapshotMode snapshot = SnapshotMode::initial;
  Positions positions = Positions::gtid;
  std::uint32_t server_id = 0;  // 0: one of our own choice
  Envelope envelope = Envelope::flat;
  Decimals decimals = Decimals::text;
  bool tombstones = false;

  // Where its URL, which is valid, leads.
  Server server() const;
};

// Value. The same of a sink.
struct SinkOptions {
  database::SinkOptions rows;
  std::optional<net::Tls> tls{};

  Server server() const;
};

// Their settings are SourceOptions and SinkOptions. E7220: `url`; E7229: tables of a source; E7240:
// options of a sink.
config::ConnectorOptions describe_options();

}  // namespace pelton::mysql
