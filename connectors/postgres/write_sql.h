// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/sink_options.h"
#include "connectors/database/target.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pelton::postgres {

// "\"public\".\"bills\"".
std::string quoted_table(const database::TableName& name);

// Writes the rows of a statement, whose values come as one array a column (array_of()): as bytea
// for columns of bytes, as text otherwise, which the server casts to the column's type.
std::string write_sql(const database::SinkOptions& options, const database::TargetTable& table,
                      const database::Statement& statement);

// The values of one column of a statement's rows, in the binary form of text[] or bytea[].
std::string array_of(const database::TargetTable& table, const database::Statement& statement,
                     std::size_t column);

// Creates the table of the options.
std::string create_sql(const database::SinkOptions& options);

// Whether the server has refused a row for what is in it, rather than us or the statement.
// `by` is the function of the server that has.
bool is_of_row(std::string_view sqlstate, std::string_view by);

}  // namespace pelton::postgres
