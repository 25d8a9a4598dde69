// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/options.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/schema.h"
#include "connectors/mysql/server_catalog.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::mysql {

// Whether the server's log can be read. E7225 invalid: it writes none, or not by rows; E7229
// invalid: its own id is that of the options. Pure.
Status check_server(const SourceOptions& options, const ServerFacts& server);

// Whether a position means something to the server. E7227 invalid. Pure.
Status check_position(const Position& stored, const ServerFacts& server);

// Whether an error says that changes are missing.
bool is_gap(const Error& error);

// The tables that are there. E7228 invalid: none matches, or one that is named is missing; not
// `first`: only a warning, for a table that was dropped later must not keep the changes before that
// from being read.
Result<std::vector<TableName>> check_tables(const SourceOptions& options, ServerCatalog& catalog,
                                            bool first, std::vector<std::string>& warnings);

// The end of the server's log. E7233 invalid: its numbers of transactions are not read.
Result<Reached> end_of_log(const SourceOptions& options, const ServerFacts& server,
                           ServerCatalog& catalog);

// Adds the definitions of tables that have none.
Status complete_schema(const std::vector<TableName>& tables, Catalog& catalog, Schema& schema);

}  // namespace pelton::mysql
