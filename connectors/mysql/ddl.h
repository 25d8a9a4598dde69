// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/table_pattern.h"
#include "connectors/mysql/schema.h"
#include "connectors/mysql/sql_text.h"

#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// Value. A statement of the log.
struct Statement {
  std::string_view text;  // UTF-8
  std::string database;   // in which it ran
  std::uint64_t sql_mode = 0;
};

// Value. What a statement means for a reader of changes, apart from definitions.
struct StatementEffect {
  std::vector<TableName> truncated;  // of those that are wanted
  // It changes rows and was logged as a statement, although it names a table that is wanted.
  bool changes_rows = false;
};

// Follows statements that define tables. Keeps the definitions of wanted tables only; one that a
// statement leaves in doubt is forgotten, so that the server is asked. Pure but for the catalog,
// which is asked for default character sets.
class DdlFollower {
 public:
  struct Setup {
    std::vector<database::TablePattern> tables;
    bool lower_names = false;   // the server writes names in lower case
    bool json_is_text = false;  // as MariaDB's is
  };
  DdlFollower(Setup setup, Catalog& catalog) : setup_(std::move(setup)), catalog_(catalog) {}

  // Errors are the catalog's.
  Result<StatementEffect> follow(const Statement& statement, Schema& schema);

  bool wanted(const TableName& name) const;

 private:
  const Setup setup_;
  Catalog& catalog_;
};

}  // namespace pelton::mysql
