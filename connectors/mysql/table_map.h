// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// How a value lies in a row of the log.
enum class WireType : std::uint8_t {
  tiny = 1,
  short_ = 2,
  long_ = 3,
  float_ = 4,
  double_ = 5,
  timestamp = 7,
  longlong = 8,
  int24 = 9,
  date = 10,
  time = 11,
  datetime = 12,
  year = 13,
  varchar = 15,
  bit = 16,
  timestamp2 = 17,
  datetime2 = 18,
  time2 = 19,
  blob_compressed = 140,     // MariaDB's
  varchar_compressed = 141,  // MariaDB's
  vector = 242,
  json = 245,
  decimal = 246,
  enumeration = 247,
  set = 248,
  blob = 252,
  string = 254,
  geometry = 255,
};

// Value. A column as the log describes it.
struct WireColumn {
  WireType type{};
  // Of strings: their longest, in bytes; of values with a length in front: its width; of times: the
  // digits of a second's fraction; of decimals: precision * 256 + scale; of bits: how many.
  std::uint32_t meta = 0;
};

// Value. What a server with binlog_row_metadata = FULL says of a table's columns in addition.
struct WireNames {
  std::vector<std::string> names;
  std::vector<bool> is_unsigned;                 // of numbers, by column
  std::vector<std::uint32_t> collations;         // of texts, enums and sets, by column; 0: none
  std::vector<std::vector<std::string>> values;  // of enums and sets, by column
  std::vector<std::size_t> key;                  // the primary key's columns
};

// Value. Describes a table ahead of its rows.
struct TableMap {
  std::uint64_t id = 0;
  std::string database, table;
  std::vector<WireColumn> columns;
  std::optional<WireNames> names;
};

// The number of the table alone, with which its rows refer to it.
std::uint64_t table_id(std::string_view body);
// E7232 corrupt: it cannot be read; E7233 invalid: a column's type is not known.
Result<TableMap> decode_table_map(std::string_view body);

}  // namespace pelton::mysql
