// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/wire.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Messages as a PostgreSQL server writes them, for tests of what reads them.
namespace pelton::postgres::test {

struct ColumnBytes {
  std::string name;
  std::uint32_t type = 25;  // text
  bool identity = false;
};

// A value of a row: its text; no value: null; kUnchanged.
using Value = std::optional<std::string>;
inline const Value kUnchanged = "\x01unchanged";

inline std::string row(const std::vector<Value>& values) {
  std::string out;
  put_number(out, values.size(), 2);
  for (const Value& value : values) {
    if (!value) {
      out += 'n';
    } else if (value == kUnchanged) {
      out += 'u';
    } else {
      out += 't';
      put_number(out, value->size(), 4);
      out += *value;
    }
  }
  return out;
}

inline std::string begin(std::uint64_t commit, std::uint32_t xid = 7) {
  std::string out = "B";
  put_number(out, commit, 8);
  put_number(out, 0, 8);  // 2000-01-01
  put_number(out, xid, 4);
  return out;
}

inline std::string commit(std::uint64_t at, std::uint64_t end) {
  std::string out("C\0", 2);
  put_number(out, at, 8);
  put_number(out, end, 8);
  put_number(out, 0, 8);
  return out;
}

inline std::string relation(std::uint32_t oid, const std::string& schema, const std::string& table,
                            const std::vector<ColumnBytes>& columns, char identity = 'd') {
  std::string out = "R";
  put_number(out, oid, 4);
  out += schema + '\0' + table + '\0' + identity;
  put_number(out, columns.size(), 2);
  for (const ColumnBytes& column : columns) {
    put_number(out, column.identity ? 1 : 0, 1);
    out += column.name + '\0';
    put_number(out, column.type, 4);
    put_number(out, 0xFFFF'FFFF, 4);
  }
  return out;
}

// 'I', or 'U' and 'D' with what stands before the new row: "", or 'K' or 'O' and the old row.
inline std::string change(char letter, std::uint32_t oid, const std::string& old,
                          const std::optional<std::vector<Value>>& now) {
  std::string out(1, letter);
  put_number(out, oid, 4);
  out += old;
  if (now) out += 'N' + row(*now);
  return out;
}

inline std::string truncate(const std::vector<std::uint32_t>& oids) {
  std::string out = "T";
  put_number(out, oids.size(), 4);
  out += '\0';
  for (const std::uint32_t oid : oids) put_number(out, oid, 4);
  return out;
}

}  // namespace pelton::postgres::test
