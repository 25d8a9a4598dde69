// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/definition.h"
#include "connectors/mysql/sql_cursor.h"

#include <optional>
#include <string>

namespace pelton::mysql {

// Value. A column as a statement declares it.
struct DeclaredColumn {
  ColumnDefinition column;  // a text without a character set of its own has none
  bool primary = false;
  bool first = false;
  std::optional<std::string> after;
};

// What comes behind a column's name, up to the comma or parenthesis behind it. Nothing: its type is
// not known.
std::optional<DeclaredColumn> declared_column(std::string name, SqlCursor& sql, bool json_is_text);

// The character set of a collation's name: "latin1" of "latin1_swedish_ci"; empty: it has none.
std::string charset_of_collation(const std::string& collation);
// A text with this character set where its column names none. That of bytes makes it one.
void complete(ColumnDefinition& column, const std::string& charset);
bool is_text(const ColumnDefinition& column);

}  // namespace pelton::mysql
