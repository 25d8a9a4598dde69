// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/server_target.h"
#include "connectors/postgres/session.h"

#include <optional>
#include <string>

namespace pelton::postgres {

// The table of a sink on a PostgreSQL server. Beside the errors of the interface those of Session.
class PostgresTarget final : public database::ServerTarget {
 public:
  explicit PostgresTarget(database::SinkOptions options) : ServerTarget(std::move(options)) {}

  Result<database::Progress> begin(const std::string& place, bool careful) override;
  Result<std::optional<Error>> run(const database::Statement& statement) override;
  Status end(const std::string& place, const std::optional<database::Progress>& progress) override;

 private:
  Status log_in() override;
  void log_out() override { session_.reset(); }
  Result<std::optional<Found>> find_table(const database::TableName& name) override;
  Result<database::TargetTable> read_columns(const Found& found) override;
  Status execute(const std::string& sql) override;
  Common common() const override;
  Status forget_letters() override;

  Result<Rows> query(const std::string& sql);
  // Of an ordinary refusal; E7246 where others were in the way, E7249 where nobody may write.
  std::unexpected<Error> error(Error error) const;

  std::optional<Session> session_;  // while connected
  bool careful_ = false;
};

}  // namespace pelton::postgres
