// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace pelton::database {

// Value. A table in its schema, or in its database where these are the same.
struct TableName {
  std::string schema, table;

  std::string text() const { return schema.empty() ? table : schema + "." + table; }
  friend bool operator==(const TableName&, const TableName&) = default;
};

// Of "public.bills" or "bills"; a name in double quotes is taken as it is, dots included. Nothing:
// not of this form. Without a schema it has `schema`.
std::optional<TableName> parse_table_name(const std::string& text, const std::string& schema);

}  // namespace pelton::database
