// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/target.h"
#include "connectors/mysql/options.h"
#include "connectors/mysql/session.h"

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

namespace pelton::mysql {

// The table of a sink on a MySQL or MariaDB server. Beside the errors of the interface those of
// Session.
class MysqlTarget final : public database::Target {
 public:
  explicit MysqlTarget(SinkOptions options)
      : options_(std::move(options.rows)), tls_(std::move(options.tls)) {}

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
  // Its engine and whether that has transactions; nothing: there is no such table.
  struct Kind {
    std::string engine;
    bool transactions = true;
  };
  Result<std::optional<Kind>> find_table(const database::TableName& name);
  Result<database::TargetTable> read_table();
  Status create_table();
  Status create_progress();
  Status forget_letters();

  const database::SinkOptions options_;
  const std::optional<net::Tls> tls_;
  std::atomic<bool> hurry_ = false;
  std::optional<Session> session_;  // while connected
  database::TargetTable table_;
  std::size_t most_ = 1U << 20;  // bytes of a statement
  bool careful_ = false;
  bool open_ = false;  // a transaction
};

}  // namespace pelton::mysql
