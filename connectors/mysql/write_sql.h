// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/sink_options.h"
#include "connectors/database/target.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// "`shop`.`bills`".
std::string quoted_table(const database::TableName& name);

// Texts as they stand in a statement of a session that writes, where a backslash is no escape.
std::string write_text(std::string_view text);

// Writes the rows of a statement: as few SQL statements as fit into `most` bytes each, and into
// less where that is very much. Empty: a row does not fit even alone.
std::vector<std::string> write_sql(const database::SinkOptions& options,
                                   const database::TargetTable& table,
                                   const database::Statement& statement, std::size_t most);

// A value in rows to delete that is no number, though its column has numbers: to be compared the
// server would make one of it ("abc" is 0, "1x" is 1) and delete the row of that. Nothing: there is
// none.
std::optional<std::string> no_number(const database::TargetTable& table,
                                     const database::Statement& statement);

// Creates the table of the options.
std::string create_sql(const database::SinkOptions& options);

// Whether the server has refused a row for what is in it, rather than us or the statement.
bool is_of_row(unsigned number, std::string_view sqlstate);

}  // namespace pelton::mysql
