// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/preparation.h"

#include <algorithm>

namespace pelton::mysql {

Status check_server(const SourceOptions& options, const ServerFacts& server) {
  const auto wrong = [](std::string what) {
    return fail(ErrorKind::invalid, "E7225", "the server's log cannot be read: {}", what);
  };
  if (!server.log) return wrong("it writes none (log_bin is OFF)");
  if (server.format != "ROW")
    return wrong(fmt::format("binlog_format is {}, and only ROW has rows", server.format));
  if (!server.row_values.empty())
    return wrong(fmt::format("binlog_row_value_options is {}, which leaves out parts of values",
                             server.row_values));
  if (server.compressed)
    return wrong("binlog_transaction_compression is ON, which is not supported");
  if (options.server_id != 0 && options.server_id == server.server_id)
    return fail(ErrorKind::invalid, "E7229", "`server_id` {} is the server's own id",
                options.server_id);
  return {};
}

Status check_position(const Position& stored, const ServerFacts& server) {
  const bool maria = std::holds_alternative<MariaGtidSet>(stored.reached);
  const bool mysql = std::holds_alternative<MysqlGtidSet>(stored.reached);
  if ((maria && !server.mariadb) || (mysql && server.mariadb))
    return fail(ErrorKind::invalid, "E7227", "the log was read up to {}, and the server is {}",
                text_of(stored.reached), server.mariadb ? "MariaDB" : "MySQL");
  if (mysql && !server.gtids)
    return fail(ErrorKind::invalid, "E7227",
                "the log was read up to {}, and the server has no GTIDs (gtid_mode is not ON)",
                text_of(stored.reached));
  return {};
}

bool is_gap(const Error& error) {
  return error.code == "E7226" || error.code == "E7227" || error.code == "E7230" ||
         error.code == "E7231" || error.code == "E7233";
}

Result<std::vector<TableName>> check_tables(const SourceOptions& options, ServerCatalog& catalog,
                                            bool first, std::vector<std::string>& warnings) {
  auto tables = catalog.tables(options.tables);
  if (!tables) return tables;
  for (const TablePattern& pattern : options.tables) {
    const bool found = std::ranges::any_of(
        *tables, [&](const TableName& name) { return pattern.matches(name.database, name.table); });
    if (found || !pattern.exact()) continue;
    const std::string why =
        fmt::format("table {} does not exist, or the user may not read it", pattern.text());
    if (first) return fail(ErrorKind::invalid, "E7228", "{}", why);
    warnings.push_back("E7228: " + why);
  }
  if (first && tables->empty())
    return fail(ErrorKind::invalid, "E7228",
                "no table that the user may read matches `tables` of connector {}",
                options.connector);
  return tables;
}

Result<Reached> end_of_log(const SourceOptions& options, const ServerFacts& server,
                           ServerCatalog& catalog) {
  if (!server.gtids || options.positions == Positions::file) {
    auto end = catalog.log_end();
    if (!end) return std::unexpected(std::move(end).error());
    return std::move(*end);
  }
  const auto gtids = server.mariadb ? catalog.maria_gtids() : catalog.mysql_gtids();
  if (!gtids) return std::unexpected(gtids.error());
  if (server.mariadb) return MariaGtidSet::parse(*gtids).value_or(MariaGtidSet{});
  auto set = MysqlGtidSet::parse(*gtids);
  if (!set)
    return fail(ErrorKind::invalid, "E7233", "the server numbers transactions with tags: {}",
                *gtids);
  return std::move(*set);
}

Status complete_schema(const std::vector<TableName>& tables, Catalog& catalog, Schema& schema) {
  for (const TableName& name : tables) {
    if (schema.find(name) != nullptr) continue;
    auto definition = catalog.table(name);
    if (!definition) return std::unexpected(std::move(definition).error());
    if (*definition) schema.put(name, std::move(**definition));
  }
  return {};
}

}  // namespace pelton::mysql
