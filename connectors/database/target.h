// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::database {

// How a column takes a value of JSON.
enum class ColumnForm : std::uint8_t {
  text,    // texts and numbers as they are, structures as JSON
  number,  // the same, and booleans as 1 and 0
  json,    // as JSON
  bytes,   // base64 as what it stands for
  time,    // with a zone: as UTC without one, a space in the middle
  array,   // "{1,NULL,\"a\"}"
  choice,  // one, or several, of its names; a number is none but where it is a name
  bits,    // a number alone: a text would be taken as bytes
};

// Value. What a table is, for whoever writes it.
struct TargetTable {
  struct Column {
    std::string name;
    std::string type;  // as a cast writes it; empty: not needed
    ColumnForm form = ColumnForm::text;
    ColumnForm element = ColumnForm::text;  // of an array
    bool fixed = false;                     // of a row that is there it cannot be changed
    std::vector<std::string> names{};       // of a choice

    friend bool operator==(const Column&, const Column&) = default;
  };
  std::vector<Column> columns;   // that can be written
  std::vector<std::string> key;  // of the primary key

  friend bool operator==(const TargetTable&, const TargetTable&) = default;
};

// View. A value of a row. Absent: the event does not have it, so the column is left alone.
struct Value {
  enum class State : std::uint8_t { absent, null, given } state = State::absent;
  std::string_view text{};
};

// View. Rows that one statement writes or deletes. Their values are by `columns`: those of the
// table that have values in each of the rows; to delete, those of the key.
struct Statement {
  bool remove = false;
  std::span<const std::size_t> columns;
  std::span<const std::span<const Value>> rows;  // by the table's columns, all of them
};

// Value. What the database knows of one partition of a sink (docs/formats.md), or of one dead
// letter that is replayed.
struct Progress {
  std::int64_t moved = 0;     // when an operator moved the partition, see model::moved_key()
  std::int64_t settled = 0;   // SinkPosition::settled of the last write
  std::string written = "0";  // which events it has: "1024;1030-1040,1050-1051"
};

// Interface. One table of one server and the sink's progress there. One thread, but for hurry().
// Errors are those of the server's session: unavailable, it is away or cannot do it now; invalid,
// somebody has to change something. After an error, but for that of a row, close() comes next.
class Target {
 public:
  virtual ~Target() = default;
  // Logs in, creates what the options say, and looks the table up; while connected, also within a
  // transaction, it only does the last. E7241, E7242, E7243 invalid.
  virtual Result<TargetTable> connect() = 0;
  // Begins a transaction in which nobody else can write this place's progress, and gives that. One
  // that is open is rolled back. Careful: rows can be refused without an end to the transaction.
  virtual Result<Progress> begin(const std::string& place, bool careful) = 0;
  // Nothing: it is done. An error: the server refuses one of the rows for what is in it (E7244),
  // and none is written. Unexpected E7246: the transaction is over for now, the same can be tried
  // again.
  virtual Result<std::optional<Error>> run(const Statement& statement) = 0;
  // Commits, with this progress; without one, rolls back.
  virtual Status end(const std::string& place, const std::optional<Progress>& progress) = 0;
  virtual void close() = 0;
  // From any thread: what the target waits for ends soon.
  virtual void hurry() = 0;
};

}  // namespace pelton::database
