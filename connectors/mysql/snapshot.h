// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/envelope.h"
#include "connectors/mysql/logged_table.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/schema.h"
#include "connectors/mysql/server_catalog.h"
#include "engine/model/batch_builder.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::mysql {

// Reads what tables hold, as one transaction of the server sees it: one SELECT a table, in the
// order of its key, so that a restart continues behind the last key; a table without a key, or with
// one whose values do not compare as SQL writes them, is then read from its beginning. Keeps one
// row at a time. Errors are the session's.
class Snapshot {
 public:
  struct Setup {
    Server server;
    std::vector<database::TablePattern> tables;
    bool gtids = true;  // the place is said by numbers of transactions
  };
  struct Limits {
    std::size_t events, bytes;
    std::chrono::steady_clock::time_point deadline;
  };

  // Opens the transaction. Continues where `at` says, if it says something; else the place of the
  // log that belongs to what the transaction sees becomes its position.
  static Result<std::unique_ptr<Snapshot>> begin(Setup setup, Position at);

  // Adds rows until a limit or the end.
  Status fill(EnvelopeWriter& writer, model::BatchBuilder& into, const Limits& limits);
  bool done() const { return !table_ && next_ == tables_.size(); }
  // Behind the newest row that was given; without a snapshot once it is done.
  Position position() const;
  // Of the tables that it reads.
  const Schema& schema() const { return schema_; }

 private:
  Snapshot(ServerCatalog catalog, Setup setup, Position at)
      : catalog_(std::move(catalog)), setup_(std::move(setup)), at_(std::move(at)) {}
  Status open_transaction();
  Status open_maria();
  Status open_mysql();
  Status open_locked();
  Status list_tables();
  Status open_table(EnvelopeWriter& writer);
  Status close_table();
  void give(EnvelopeWriter& writer, const RowViews& row, model::BatchBuilder& into);

  ServerCatalog catalog_;
  const Setup setup_;
  Position at_;
  bool continued_ = false;
  ChangePlace place_;
  Schema schema_;
  std::vector<TableName> tables_;  // in the order of their names
  std::size_t next_ = 0;
  std::optional<LoggedTable> table_;  // while it is read
  std::vector<std::size_t> key_;      // in the order of the primary key; empty: it cannot continue
  std::uint64_t row_number_ = 0;
};

}  // namespace pelton::mysql
