// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/sink_options.h"
#include "connectors/database/target.h"
#include "connectors/postgres/session.h"

#include <atomic>
#include <optional>
#include <string>

namespace pelton::postgres {

// The table of a sink on a PostgreSQL server. Beside the errors of the interface those of Session.
class PostgresTarget final : public database::Target {
 public:
  explicit PostgresTarget(database::SinkOptions options) : options_(std::move(options)) {}

  Result<database::TargetTable> connect() override;
  Result<database::Progress> begin(const std::string& place, bool careful) override;
  Result<std::optional<Error>> run(const database::Statement& statement) override;
  Status end(const std::string& place, const std::optional<database::Progress>& progress) override;
  void close() override;
  void hurry() override { hurry_ = true; }

  // Whether everything is there, without creating any of it. Errors as those of connect().
  Status probe();

 private:
  Status open();
  Result<Rows> query(const std::string& sql);
  // Of an ordinary refusal; E7246 where others were in the way.
  std::unexpected<Error> error(Error error) const;
  Result<std::optional<std::string>> find_table(const database::TableName& name);
  Result<database::TargetTable> read_table();
  Status create_table();
  Status create_progress();
  Status forget_letters();

  const database::SinkOptions options_;
  std::atomic<bool> hurry_ = false;
  std::optional<Session> session_;  // while connected
  database::TargetTable table_;
  bool careful_ = false;
};

}  // namespace pelton::postgres
