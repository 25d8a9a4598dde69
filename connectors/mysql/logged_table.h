// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/mysql/rows_event.h"
#include "connectors/mysql/schema.h"
#include "connectors/mysql/values.h"

#include <memory>
#include <string>
#include <vector>

namespace pelton::mysql {

// Value. A table as its rows are written from now on.
struct LoggedTable : database::Table {
  std::vector<mysql::Column> types;  // of the columns
};

// A definition's table. `wire`: how its rows lie in the log; empty for rows that are selected.
LoggedTable table_of(const TableName& name, const TableDefinition& definition,
                     const std::vector<WireColumn>& wire);
// What the log itself says of a table, as its definition. Errors are the catalog's.
Result<TableDefinition> definition_of(const TableMap& map, Catalog& catalog);

// Whether it is what MariaDB keeps of a SEQUENCE, whose numbers are logged as rows.
bool is_sequence(const TableDefinition& definition);

// Whether the log's names are the definition's, which then says more (JSON, UUID).
bool same_names(const TableDefinition& definition, const WireNames& names);

// Gives columns that the log describes as texts or bytes, or whose character set it leaves out,
// the types that a definition with the same columns has for them.
void adopt_special_types(TableDefinition& logged, const TableDefinition& known,
                         const std::vector<WireColumn>& wire);

// A row of the log.
class LoggedRow final : public database::RowValues {
 public:
  LoggedRow(const LoggedTable& table, const WireRow& row, Decimals decimals, std::string& scratch)
      : table_(table), row_(row), decimals_(decimals), scratch_(scratch) {}

  std::size_t size() const override { return row_.size(); }
  State state(std::size_t column) const override { return row_[column].state; }
  void append_json(std::string& out, std::size_t column) const override;
  void append_text(std::string& out, std::size_t column) const override;

 private:
  const LoggedTable& table_;
  const WireRow& row_;
  const Decimals decimals_;
  std::string& scratch_;
};

// The text of a value that is JSON: a string's without its quotes and escapes. This is a key.
void append_unquoted(std::string& out, std::string_view json);

}  // namespace pelton::mysql
