// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/server_catalog.h"

#include "connectors/mysql/sql_text.h"

#include <algorithm>
#include <charconv>

namespace pelton::mysql {
namespace {

template <typename Number>
Number number_of(std::string_view text) {
  Number out{};
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::string text(const std::optional<std::string>& value) {
  return value.value_or("");
}

bool is_on(const std::string& value) {
  return value == "ON" || value == "1";
}

std::string where_table(const TableName& name, const char* prefix = "TABLE") {
  return fmt::format("{}_SCHEMA = {} AND TABLE_NAME = {}", prefix, quoted_text(name.database),
                     quoted_text(name.table));
}

}  // namespace

Result<std::string> ServerCatalog::variable(const char* name) {
  const auto rows = session_.query(fmt::format("SHOW GLOBAL VARIABLES LIKE '{}'", name));
  if (!rows) return std::unexpected(rows.error());
  return rows->empty() ? "" : text(rows->front()[1]);
}

Result<ServerFacts> ServerCatalog::facts() {
  std::map<std::string, std::string> values;
  for (const char* name :
       {"log_bin", "binlog_format", "binlog_row_value_options", "binlog_transaction_compression",
        "gtid_mode", "lower_case_table_names", "server_id"}) {
    auto value = variable(name);
    if (!value) return std::unexpected(std::move(value).error());
    values[name] = std::move(*value);
  }
  ServerFacts out;
  out.mariadb = session_.is_mariadb();
  out.log = is_on(values["log_bin"]);
  out.format = values["binlog_format"];
  out.row_values = values["binlog_row_value_options"];
  out.compressed = is_on(values["binlog_transaction_compression"]);
  out.gtids = out.mariadb || values["gtid_mode"] == "ON";
  out.lower_names = values["lower_case_table_names"] != "0";
  out.server_id = number_of<std::uint32_t>(values["server_id"]);
  return out;
}

Result<std::vector<TableName>> ServerCatalog::tables(
    const std::vector<database::TablePattern>& patterns) {
  const auto rows = session_.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE "
      "TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', "
      "'performance_schema')");
  if (!rows) return std::unexpected(rows.error());
  std::vector<TableName> out;
  for (const auto& row : *rows) {
    TableName name{text(row[0]), text(row[1])};
    if (database::wanted(patterns, name.database, name.table)) out.push_back(std::move(name));
  }
  std::ranges::sort(out);
  return out;
}

Result<std::optional<TableDefinition>> ServerCatalog::table(const TableName& name) {
  const auto columns = session_.query(
      "SELECT COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE " +
      where_table(name) + " ORDER BY ORDINAL_POSITION");
  if (!columns) return std::unexpected(columns.error());
  if (columns->empty()) return std::nullopt;
  TableDefinition out;
  for (const auto& row : *columns)
    out.columns.push_back({text(row[0]), text(row[1]), text(row[2])});
  const auto key = session_.query(
      "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND " +
      where_table(name) + " ORDER BY SEQ_IN_INDEX");
  if (!key) return std::unexpected(key.error());
  for (const auto& row : *key) out.key.push_back(text(row[0]));
  auto charset = session_.value(
      "SELECT CHARACTER_SET_NAME FROM information_schema.TABLES t JOIN "
      "information_schema.COLLATIONS c ON c.COLLATION_NAME = t.TABLE_COLLATION WHERE " +
      where_table(name));
  if (!charset) return std::unexpected(std::move(charset).error());
  out.charset = std::move(*charset);
  if (!session_.is_mariadb()) return out;
  // Its JSON is a text with such a check.
  const auto checks =
      session_.query("SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE " +
                     where_table(name, "CONSTRAINT"));
  if (!checks) return std::unexpected(checks.error());
  for (ColumnDefinition& column : out.columns)
    column.json = std::ranges::any_of(*checks, [&](const auto& row) {
      return text(row[0]) == "json_valid(" + quoted_name(column.name) + ")";
    });
  return out;
}

Result<std::string> ServerCatalog::default_charset(const std::string& database) {
  return session_.value(
      "SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " +
      quoted_text(database));
}

// MariaDB's newest collations have a number for each character set, in a table of their own.
Status ServerCatalog::learn_collations() {
  const auto learn = [&](const char* query) -> Status {
    const auto rows = session_.query(query);
    if (!rows) return std::unexpected(rows.error());
    for (const auto& row : *rows)
      if (row[0] && row[1]) charsets_[number_of<std::uint32_t>(*row[0])] = *row[1];
    return {};
  };
  if (auto learnt = learn("SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS");
      !learnt)
    return learnt;
  const auto more = session_.value(
      "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' "
      "AND TABLE_NAME = 'COLLATION_CHARACTER_SET_APPLICABILITY' AND COLUMN_NAME = 'ID'");
  if (!more) return std::unexpected(more.error());
  return *more == "0" ? Status{}
                      : learn(
                            "SELECT ID, CHARACTER_SET_NAME FROM "
                            "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY");
}

Result<std::string> ServerCatalog::charset_of(std::uint32_t collation) {
  if (charsets_.empty())
    if (auto learnt = learn_collations(); !learnt) return std::unexpected(learnt.error());
  const auto at = charsets_.find(collation);
  return at == charsets_.end() ? "" : at->second;
}

// Its name has changed.
Result<LogPlace> ServerCatalog::log_end() {
  const bool renamed = !session_.is_mariadb() && session_.version() >= 80'200;
  const auto rows = session_.query(renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return LogPlace{};
  return LogPlace{text(rows->front()[0]), number_of<std::uint64_t>(text(rows->front()[1]))};
}

Result<std::string> ServerCatalog::maria_gtids_at(const LogPlace& place) {
  const auto rows = session_.query(
      fmt::format("SELECT BINLOG_GTID_POS({}, {})", quoted_text(place.file), place.offset));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty() || !rows->front()[0])
    return fail(ErrorKind::unavailable, "E7226", "the log {} was removed while it was looked up",
                text_of(place));
  return *rows->front()[0];
}

Result<std::string> ServerCatalog::maria_gtids() {
  return session_.value("SELECT @@GLOBAL.gtid_binlog_pos");
}

Result<std::string> ServerCatalog::mysql_gtids() {
  return session_.value("SELECT @@GLOBAL.gtid_executed");
}

Result<LogPlace> ServerCatalog::snapshot_place() {
  const auto rows = session_.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
  if (!rows) return std::unexpected(rows.error());
  LogPlace out;
  for (const auto& row : *rows) {
    if (text(row[0]) == "Binlog_snapshot_file") out.file = text(row[1]);
    if (text(row[0]) == "Binlog_snapshot_position")
      out.offset = number_of<std::uint64_t>(text(row[1]));
  }
  return out;
}

}  // namespace pelton::mysql
