// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/gtid.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pelton::mysql {

// Value. How far a snapshot has come, which reads tables in the order of their names.
struct SnapshotPosition {
  std::string table{};             // "database.table", the newest one; empty: none yet
  bool finished = false;           // it has been read to its end
  std::vector<std::string> key{};  // else: of the last row that was given; empty: none, or no key
  friend bool operator==(const SnapshotPosition&, const SnapshotPosition&) = default;
};

// Value. A place between two events of a log.
struct LogPlace {
  std::string file;
  std::uint64_t offset = 0;
  friend bool operator==(const LogPlace&, const LogPlace&) = default;
};
std::string text_of(const LogPlace& place);  // "binlog.000001:1234"

// Value. A file of a log, and when its server began it.
struct LogFile {
  std::uint32_t server = 0;
  std::string name;
  std::uint32_t created_s = 0;
  friend bool operator==(const LogFile&, const LogFile&) = default;
};
// Whether the log of `before`'s server starts over, so that its numbers of transactions mean
// others: what was read was in `before`, and reading it continues in `now`.
bool starts_over(const LogFile& before, const LogFile& now);

// What all transactions are that came before: by their numbers, or where the log was.
using Reached = std::variant<MariaGtidSet, MysqlGtidSet, LogPlace>;
std::string text_of(const Reached& reached);

// Value. How far a server's log has been read. JSON in the ledger, described in docs/formats.md.
struct Position {
  // Of this reading of the log from its first start on: ids of events begin with it, so that a log
  // that begins anew repeats none.
  std::string history;
  Reached reached;
  // Of the transaction with this number (or place) that follows: so many of its events are stored.
  std::string transaction;
  std::uint64_t events = 0;
  std::optional<SnapshotPosition> snapshot{};  // while one is being taken
  // Where the newest of those transactions was read, or reading began.
  std::optional<LogFile> file{};
  friend bool operator==(const Position&, const Position&) = default;
};

std::string encode(const Position& position);
// Nothing: it is damaged.
std::optional<Position> decode_position(std::string_view text);

}  // namespace pelton::mysql
