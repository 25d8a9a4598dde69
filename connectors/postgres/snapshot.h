// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/database.h"
#include "connectors/postgres/envelope.h"
#include "connectors/postgres/position.h"
#include "connectors/postgres/relations.h"
#include "engine/model/batch_builder.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::postgres {

// Reads what the tables of some publications hold, as one transaction of the server sees it: one
// COPY a table, in the order of its key, so that a restart continues behind the last key; a table
// without a key is then read from its beginning. Keeps one row at a time. Errors are the session's.
class Snapshot {
 public:
  struct Setup {
    std::string url;
    std::vector<std::string> publications;
    std::vector<TablePattern> tables;  // of these only; empty: all
    std::string exported;              // by the slot that was just created; empty: as of now
  };
  struct Limits {
    std::size_t events, bytes;
    std::chrono::steady_clock::time_point deadline;
  };

  // Continues where `at` says; it has a snapshot.
  static Result<std::unique_ptr<Snapshot>> begin(Setup setup, const Position& at);

  // Adds rows until a limit or the end.
  Status fill(EnvelopeWriter& writer, model::BatchBuilder& into, const Limits& limits);
  bool done() const { return !table_ && next_ == tables_.size(); }
  // Behind the newest row that was given; without a snapshot once it is done.
  Position position() const;

 private:
  Snapshot(Database database, Setup setup, Position at)
      : database_(std::move(database)), setup_(std::move(setup)), at_(std::move(at)) {}
  Status open_transaction();
  Status list_tables();
  Status open_table(EnvelopeWriter& writer);
  Status close_table();
  void give(EnvelopeWriter& writer, std::string_view line, model::BatchBuilder& into);

  Database database_;
  const Setup setup_;
  Position at_;
  std::int64_t time_us_ = 0;            // of the transaction
  std::vector<PublishedTable> tables_;  // in the order of their names
  std::size_t next_ = 0;
  std::optional<Relation> table_;  // while it is read
  std::uint64_t row_number_ = 0;
  Row row_;
  std::string unescaped_;
};

}  // namespace pelton::postgres
