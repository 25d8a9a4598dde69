// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/table_pattern.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/schema.h"
#include "connectors/mysql/session.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pelton::mysql {

// Value. What decides whether and how a server's log can be read.
struct ServerFacts {
  bool mariadb = false;
  bool log = false;          // it writes one
  std::string format;        // binlog_format
  std::string row_values;    // binlog_row_value_options; empty: whole values
  bool compressed = false;   // binlog_transaction_compression
  bool gtids = false;        // transactions are numbered
  bool lower_names = false;  // lower_case_table_names
  std::uint32_t server_id = 0;
};

// Asks one server what a connector has to know of it, in SQL. Errors are the session's.
class ServerCatalog final : public Catalog {
 public:
  explicit ServerCatalog(Session session) : session_(std::move(session)) {}

  Result<std::optional<TableDefinition>> table(const TableName& name) override;
  Result<std::string> default_charset(const std::string& database) override;
  Result<std::string> charset_of(std::uint32_t collation) override;

  Result<ServerFacts> facts();
  // Tables that match, sorted; without the server's own.
  Result<std::vector<TableName>> tables(const std::vector<database::TablePattern>& patterns);
  // The end of the log, and the transactions before a place, or in all of it, as the servers number
  // them.
  Result<LogPlace> log_end();
  // E7226 unavailable: the log does not have the place any more.
  Result<std::string> maria_gtids_at(const LogPlace& place);
  Result<std::string> maria_gtids();
  Result<std::string> mysql_gtids();
  // Of a transaction that START TRANSACTION WITH CONSISTENT SNAPSHOT has begun; MariaDB's.
  Result<LogPlace> snapshot_place();

  Session& session() { return session_; }

 private:
  Status learn_collations();
  // A variable; empty: there is none of that name.
  Result<std::string> variable(const char* name);

  Session session_;
  std::map<std::uint32_t, std::string> charsets_;  // by collation, once they were asked for
};

}  // namespace pelton::mysql
