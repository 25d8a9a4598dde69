// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/table_map.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// Value. A column as SQL declares it.
struct ColumnDefinition {
  std::string name;
  std::string type;     // "int(10) unsigned", "enum('a','b')": as information_schema writes it
  std::string charset;  // of texts: "utf8mb4"; empty: none
  bool json = false;    // MariaDB's JSON: a text that is checked
  friend bool operator==(const ColumnDefinition&, const ColumnDefinition&) = default;
};

// Value. A table as SQL declares it.
struct TableDefinition {
  std::vector<ColumnDefinition> columns;
  std::vector<std::string> key;  // the primary key's columns, in its order
  std::string charset;           // of new columns that name none
  friend bool operator==(const TableDefinition&, const TableDefinition&) = default;
};

void lower_case(std::string& name);
// Names of columns are the same in any case of letters.
bool same_name(std::string_view a, std::string_view b);
// The column of this name, or the end.
std::vector<ColumnDefinition>::iterator find_column(std::vector<ColumnDefinition>& columns,
                                                    std::string_view name);

// Makes these columns the primary key, in the spelling of the table; others do not count.
void set_key(TableDefinition& table, const std::vector<std::string>& names);

// JSON in the ledger.
std::string encode(const TableDefinition& table);
// Nothing: it is damaged.
std::optional<TableDefinition> decode_definition(std::string_view text);

// Value. What the values of a column are.
struct ColumnType {
  enum class Kind : std::uint8_t {
    integer,
    floating,  // `float` of four bytes
    double_,
    decimal,
    text,
    binary,
    date,
    time,
    datetime,
    timestamp,
    year,
    bit,
    enumeration,
    set,
    json,
    geometry,
    inet4,
    inet6,
    uuid,
    vector,
  };
  Kind kind = Kind::text;
  bool is_unsigned = false;
  std::uint32_t length = 0;  // what is in the parentheses; of a `binary`: how far it is padded
  bool fixed = false;        // `binary(n)`
  std::vector<std::string> values;  // of enums and sets
};

// Of the text of a type. Nothing: its name is not known.
std::optional<ColumnType> parse_type(const ColumnDefinition& column);

// What is in the parentheses of an enum or set: "'a','it''s'".
std::string values_text(const std::vector<std::string>& values);

// Whether rows of the log can be of that table.
bool fits(const TableDefinition& table, const std::vector<WireColumn>& columns);

}  // namespace pelton::mysql
