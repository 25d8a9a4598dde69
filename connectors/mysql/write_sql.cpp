// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/write_sql.h"

#include "connectors/database/json_value.h"
#include "connectors/database/sql_list.h"
#include "connectors/mysql/sql_text.h"
#include "engine/base/utf8.h"

#include <algorithm>
#include <array>

namespace pelton::mysql {
namespace {

// Rows are not added to a statement beyond that.
constexpr std::size_t kUsual = 16U << 20;

void append_hex_literal(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += "X'";
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  out += '\'';
}

void append_literal(std::string& out, std::string_view text) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  out += '\'';
}

bool is_numeric(const database::TargetTable::Column& column) {
  return column.form == database::ColumnForm::number || column.form == database::ColumnForm::bits;
}

std::optional<std::string> numeric_text(const database::TargetTable::Column& column,
                                        std::string_view text) {
  return is_numeric(column) ? database::json_number(text) : std::nullopt;
}

// A number stands without quotes: compared with a text it would become a double.
void append_value(std::string& out, const database::TargetTable::Column& column,
                  const database::Value& value) {
  if (value.state != database::Value::State::given)
    out += "NULL";
  else if (column.form == database::ColumnForm::bytes)
    append_hex_literal(out, value.text);
  else if (is_numeric(column) && database::is_json_number(value.text))
    out += value.text;
  else if (const auto number = numeric_text(column, value.text))
    out += *number;
  else
    append_literal(out, value.text);
}

std::string on_duplicate(const database::SinkOptions& options, const database::TargetTable& table,
                         const database::Statement& statement) {
  const auto& key = options.key.empty() ? table.key : options.key;
  std::string changes;
  for (const std::size_t i : statement.columns) {
    const std::string& column = table.columns[i].name;
    if (std::ranges::find(key, column) != key.end()) continue;
    const std::string name = quoted_name(column);
    changes += fmt::format("{}{} = VALUES({})", changes.empty() ? "" : ", ", name, name);
  }
  // Something has to stand there.
  const std::string same = quoted_name(key.front());
  return " ON DUPLICATE KEY UPDATE " + (changes.empty() ? same + " = " + same : changes);
}

std::string column_list(const database::TargetTable& table, const database::Statement& statement) {
  return database::list(statement.columns,
                        [&](std::size_t i) { return quoted_name(table.columns[i].name); });
}

}  // namespace

std::string quoted_table(const database::TableName& name) {
  return quoted_name(name.schema) + "." + quoted_name(name.table);
}

std::string write_text(std::string_view text) {
  std::string out;
  append_literal(out, text);
  return out;
}

std::vector<std::string> write_sql(const database::SinkOptions& options,
                                   const database::TargetTable& table,
                                   const database::Statement& statement, std::size_t most) {
  const std::size_t usual = std::min(most, kUsual);
  const std::string into = quoted_table(options.name);
  const std::string columns = column_list(table, statement);
  const std::string head = statement.remove
                               ? fmt::format("DELETE FROM {} WHERE ({}) IN (", into, columns)
                               : fmt::format("INSERT INTO {} ({}) VALUES ", into, columns);
  std::string tail = statement.remove ? ")" : "";
  if (!statement.remove && options.mode == database::WriteMode::upsert)
    tail = on_duplicate(options, table, statement);
  std::vector<std::string> out;
  std::string sql = head, row;
  for (const auto& values : statement.rows) {
    row = "(";
    for (const std::size_t i : statement.columns) {
      if (row.size() > 1) row += ',';
      append_value(row, table.columns[i], values[i]);
    }
    row += ')';
    if (head.size() + row.size() + tail.size() > most) return {};
    if (sql.size() > head.size() && sql.size() + 1 + row.size() + tail.size() > usual)
      out.push_back(std::exchange(sql, head) + tail);
    if (sql.size() > head.size()) sql += ',';
    sql += row;
  }
  out.push_back(std::move(sql) + tail);
  return out;
}

std::optional<std::string> no_number(const database::TargetTable& table,
                                     const database::Statement& statement) {
  for (const auto& values : statement.rows)
    for (const std::size_t i : statement.columns)
      if (is_numeric(table.columns[i]) && !database::json_number(values[i].text))
        return fmt::format("\"{}\" is not a number, as the column {} has them",
                           shortened(values[i].text, 100), table.columns[i].name);
  return std::nullopt;
}

std::string create_sql(const database::SinkOptions& options) {
  std::string columns = database::list(options.create, [](const auto& column) {
    return quoted_name(column.first) + " " + column.second;
  });
  if (!options.key.empty())
    columns += ", PRIMARY KEY (" + database::list(options.key, quoted_name) + ")";
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS {} ({}) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4",
      quoted_table(options.name), columns);
}

bool is_of_row(unsigned number, std::string_view sqlstate) {
  // What servers say of a value without a class of its own.
  constexpr std::array kNumbers{
      1118U,                                                          // the row is too large
      1264U, 1265U, 1292U, 1366U, 1411U, 1416U, 1425U, 1441U, 1690U,  // values
      1364U,                                                          // a field has no default
      1369U,                                                          // WITH CHECK OPTION
      1526U, 1748U,                                                   // no partition
      1642U, 1643U, 1644U,                                            // SIGNAL
      3140U, 3141U, 3156U, 3819U, 4025U,                              // JSON, CHECK
  };
  // Of deadlocks and of the like: the transaction has ended.
  if (sqlstate.starts_with("40")) return false;
  return std::ranges::find(kNumbers, number) != kNumbers.end() || sqlstate.starts_with("22") ||
         sqlstate.starts_with("23") || sqlstate.starts_with("44") || sqlstate.starts_with("45");
}

}  // namespace pelton::mysql
