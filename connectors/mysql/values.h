// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/mysql/charset.h"
#include "connectors/mysql/definition.h"

#include <memory>
#include <string>
#include <string_view>

namespace pelton::mysql {

using database::Decimals;

// Value. All that is needed to write a column's values.
struct Column {
  ColumnType type;
  WireColumn wire;
  std::shared_ptr<const Charset> charset;  // shared by the columns of a table with one
};

// Appends a value of the log as JSON; docs/databases.md says what each type becomes. Bytes that are
// not of the column's type become base64. `scratch` is used again from value to value.
void append_value(std::string& out, std::string_view bytes, const Column& column, Decimals decimals,
                  std::string& scratch);
// The same of a value as SELECT gives it in a session as ours (session.h): the same JSON.
void append_selected(std::string& out, std::string_view text, const Column& column,
                     Decimals decimals);

}  // namespace pelton::mysql
