// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/definition.h"
#include "engine/connector/ledger.h"

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// Value. Names as the server writes them.
struct TableName {
  std::string database, table;
  std::string text() const { return database + "." + table; }
  friend auto operator<=>(const TableName&, const TableName&) = default;
};

// What the tables looked like at a place of the log: the log itself says it only with
// binlog_row_metadata = FULL. Definitions are followed from there by the log's statements (ddl.h).
// Copies share what they have in common, so that one can be kept for each read under way.
class Schema {
 public:
  using Tables = std::map<TableName, std::shared_ptr<const TableDefinition>>;

  // Null: not known.
  const TableDefinition* find(const TableName& name) const;
  const Tables& tables() const { return *tables_; }
  void put(const TableName& name, TableDefinition definition);
  void forget(const TableName& name);

  // Entries of a ledger, which make of what stands there for `from` what stands there for `to`.
  static std::vector<connector::LedgerEntry> changes(const Schema& from, const Schema& to);
  // What stands in a ledger; nothing: it is damaged.
  static Result<std::optional<Schema>> stored(connector::Ledger& ledger);

 private:
  // Shared with the copies.
  std::shared_ptr<const Tables> tables_ = std::make_shared<Tables>();
};

// Interface. What only the server knows, as of now.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // Nothing: there is no such table.
  virtual Result<std::optional<TableDefinition>> table(const TableName& name) = 0;
  // Of new tables of a database; empty: there is no such database.
  virtual Result<std::string> default_charset(const std::string& database) = 0;
  // By a collation's number; empty: not known.
  virtual Result<std::string> charset_of(std::uint32_t collation) = 0;
};

}  // namespace pelton::mysql
