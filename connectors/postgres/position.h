// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/lsn.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::postgres {

// Value. How far a snapshot has come, which reads tables in the order of their names.
struct SnapshotPosition {
  std::string table{};             // "schema.table", the newest one; empty: none yet
  bool finished = false;           // it has been read to its end
  std::vector<std::string> key{};  // else: of the last row that was given; empty: none, or no key
  friend bool operator==(const SnapshotPosition&, const SnapshotPosition&) = default;
};

// Value. How far a slot has been read, in which history: an LSN means something only together with
// the server's system identifier and timeline. JSON in the ledger, described in docs/formats.md.
struct Position {
  std::string system;
  std::uint32_t timeline = 0;
  Lsn lsn = 0;  // every transaction whose commit record begins before it is stored
  // Of the transaction whose commit record begins at `lsn`: so many of its events are stored, too.
  std::uint64_t events = 0;
  std::optional<SnapshotPosition> snapshot;  // while one is being taken
  friend bool operator==(const Position&, const Position&) = default;
};

std::string encode(const Position& position);
// Nothing: it is damaged.
std::optional<Position> decode_position(std::string_view text);

}  // namespace pelton::postgres
