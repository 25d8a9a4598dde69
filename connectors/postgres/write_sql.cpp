// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/write_sql.h"

#include "connectors/database/sql_list.h"
#include "connectors/postgres/session.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace pelton::postgres {
namespace {

using database::ColumnForm;
using database::SinkOptions;
using database::Statement;
using database::TargetTable;
using database::Value;

constexpr std::uint32_t kText = 25;  // OIDs
constexpr std::uint32_t kBytea = 17;

std::string names(const std::vector<std::string>& columns) {
  return database::list(columns, [](const std::string& column) { return quoted_name(column); });
}

bool is_bytes(const TargetTable::Column& column) {
  return column.form == ColumnForm::bytes;
}

// The value of column `i` of the source r.
std::string cast(const TargetTable& table, std::size_t i) {
  const TargetTable::Column& column = table.columns[i];
  return is_bytes(column) ? fmt::format("r.c{}", i) : fmt::format("r.c{}::{}", i, column.type);
}

// "unnest($1::text[], $2::bytea[]) AS r(c0, c3)"
std::string source(const TargetTable& table, const Statement& statement) {
  std::size_t next = 0;
  const std::string arrays = database::list(statement.columns, [&](std::size_t i) {
    return fmt::format("${}::{}[]", ++next, is_bytes(table.columns[i]) ? "bytea" : "text");
  });
  const std::string columns =
      database::list(statement.columns, [](std::size_t i) { return fmt::format("c{}", i); });
  return fmt::format("unnest({}) AS r({})", arrays, columns);
}

const std::vector<std::string>& key_of(const SinkOptions& options, const TargetTable& table) {
  return options.key.empty() ? table.key : options.key;
}

std::string on_conflict(const SinkOptions& options, const TargetTable& table,
                        const Statement& statement) {
  const std::vector<std::string>& key = key_of(options, table);
  std::string changes;
  for (const std::size_t i : statement.columns) {
    const TargetTable::Column& column = table.columns[i];
    if (column.fixed || std::ranges::find(key, column.name) != key.end()) continue;
    const std::string name = quoted_name(column.name);
    changes += fmt::format("{}{} = EXCLUDED.{}", changes.empty() ? "" : ", ", name, name);
  }
  return fmt::format(" ON CONFLICT ({}) DO {}", names(key),
                     changes.empty() ? "NOTHING" : "UPDATE SET " + changes);
}

std::string remove_sql(const SinkOptions& options, const TargetTable& table,
                       const Statement& statement) {
  std::string same;
  for (const std::size_t i : statement.columns)
    same += fmt::format("{}t.{} = {}", same.empty() ? "" : " AND ",
                        quoted_name(table.columns[i].name), cast(table, i));
  return fmt::format("DELETE FROM {} AS t USING {} WHERE {}", quoted_table(options.name),
                     source(table, statement), same);
}

void put(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFFU);
}

}  // namespace

std::string quoted_table(const database::TableName& name) {
  return quoted_name(name.schema) + "." + quoted_name(name.table);
}

std::string write_sql(const SinkOptions& options, const TargetTable& table,
                      const Statement& statement) {
  if (statement.remove) return remove_sql(options, table, statement);
  const std::string into = quoted_table(options.name);
  // Rows of defaults.
  if (statement.columns.empty())
    return fmt::format("INSERT INTO {} SELECT FROM generate_series(1, {})", into,
                       statement.rows.size());
  const std::string columns = database::list(
      statement.columns, [&](std::size_t i) { return quoted_name(table.columns[i].name); });
  return fmt::format(
      "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}{}", into, columns,
      database::list(statement.columns, [&](std::size_t i) { return cast(table, i); }),
      source(table, statement),
      options.mode == database::WriteMode::upsert ? on_conflict(options, table, statement) : "");
}

std::string array_of(const TargetTable& table, const Statement& statement, std::size_t column) {
  std::string out;
  put(out, 1);  // dimensions
  put(out, 1);  // there may be nulls
  put(out, is_bytes(table.columns[column]) ? kBytea : kText);
  put(out, static_cast<std::uint32_t>(statement.rows.size()));
  put(out, 1);  // the first index
  for (const auto& row : statement.rows) {
    const Value& value = row[column];
    const bool given = value.state == Value::State::given;
    put(out, given ? static_cast<std::uint32_t>(value.text.size()) : ~std::uint32_t{0});
    if (given) out += value.text;
  }
  return out;
}

std::string create_sql(const SinkOptions& options) {
  std::string columns = database::list(options.create, [](const auto& column) {
    return quoted_name(column.first) + " " + column.second;
  });
  if (!options.key.empty()) columns += ", PRIMARY KEY (" + names(options.key) + ")";
  return fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", quoted_table(options.name), columns);
}

bool is_of_row(std::string_view sqlstate, std::string_view by) {
  // RAISE in a trigger: whatever it says, it is said of the row; but for what is to be repeated.
  if (by == "exec_stmt_raise") return !sqlstate.starts_with("40");
  // A policy of row-level security has the SQLSTATE of a missing right.
  if (sqlstate == "42501") return by == "ExecWithCheckOptions";
  // A sequence has come to its end: no row is to blame.
  if (sqlstate == "2200H") return false;
  // Of the server, the connection, the transaction and the statement. A function may use any class
  // of its own for what it does not like of a row.
  constexpr std::array kNot{"08", "0A", "25", "26", "28", "2D", "3D", "3F", "40",
                            "42", "53", "55", "57", "58", "F0", "HV", "XX"};
  return sqlstate.size() == 5 && std::ranges::none_of(kNot, [&](const char* state_class) {
           return sqlstate.starts_with(state_class);
         });
}

}  // namespace pelton::postgres
