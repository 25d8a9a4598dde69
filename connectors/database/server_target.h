// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/sink_options.h"
#include "connectors/database/target.h"

#include <atomic>
#include <optional>
#include <string>

namespace pelton::database {

// What the targets of all servers have in common: how they find or create what a sink needs. A
// server's own gives the session, the catalog and the SQL.
class ServerTarget : public Target {
 public:
  Result<TargetTable> connect() final;
  void close() final;
  void hurry() final { hurry_ = true; }

  // Whether everything is there, without creating any of it. Errors as those of connect().
  Status probe();

 protected:
  // Value. A table in the catalog.
  struct Found {
    std::string id;     // there
    std::string unfit;  // what keeps it from being written in transactions; empty: nothing does
  };
  // Value. Statements that every sink needs.
  struct Common {
    std::string create_table;
    std::string create_progress;
  };

  explicit ServerTarget(SinkOptions options) : options_(std::move(options)) {}

  virtual Status log_in() = 0;
  virtual void log_out() = 0;
  virtual Result<std::optional<Found>> find_table(const TableName& name) = 0;
  virtual Result<TargetTable> read_columns(const Found& found) = 0;
  virtual Status execute(const std::string& sql) = 0;
  virtual Common common() const = 0;
  // Those of replays that have come through long ago.
  virtual Status forget_letters() = 0;

  const SinkOptions options_;
  std::atomic<bool> hurry_ = false;
  TargetTable table_;  // as it was found last

 private:
  Status prepare();
  Result<TargetTable> read_table();
  Status create_table();
  Status create_progress();

  bool connected_ = false;
};

}  // namespace pelton::database
