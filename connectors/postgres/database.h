// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/table_pattern.h"
#include "connectors/postgres/lsn.h"
#include "connectors/postgres/session.h"
#include "connectors/postgres/types.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::postgres {

using database::TablePattern;

// Value. A replication slot as pg_replication_slots has it.
struct SlotFacts {
  std::string plugin;
  bool ours = true;        // logical, and of the database that we are connected to
  bool active = false;     // somebody reads it
  Lsn confirmed = 0;       // what its reader has acknowledged
  std::string wal_status;  // reserved, extended, unreserved, lost
};

// Value. A table that can be published.
struct TableFacts {
  std::string schema, table;
  bool identity = true;  // updates and deletes say which row; without, publishing makes them fail
  std::string full_name() const { return schema + "." + table; }
};

// Value. A table as some publications publish it.
struct PublishedTable {
  struct Column {
    std::string name;
    Oid type = 0;
    std::string type_name;  // as a cast writes it
    bool key = false;       // of the key that says which row
  };
  std::string schema, table;
  Oid oid = 0;
  bool partitioned = false;
  std::optional<std::string> filter;  // of its rows, an expression
  std::vector<Column> columns;        // that are published
  std::string full_name() const { return schema + "." + table; }
};

// Asks one database what a connector has to know of it, in SQL. Errors are the session's.
class Database final : public Catalog {
 public:
  explicit Database(Session session) : session_(std::move(session)) {}

  Result<std::optional<TypeFacts>> type(Oid oid) override;
  Result<std::vector<std::string>> primary_key(Oid relation) override;

  Result<std::optional<SlotFacts>> slot(const std::string& name);
  Result<bool> has_publication(const std::string& name);
  // The tables that match, sorted; partitions only where their name is in the patterns.
  Result<std::vector<TableFacts>> tables(const std::vector<TablePattern>& patterns);
  // Those that a publication names itself.
  Result<std::vector<std::string>> published(const std::string& publication);
  Result<std::vector<PublishedTable>> published_tables(
      const std::vector<std::string>& publications);
  Status run(const std::string& statement);

  Session& session() { return session_; }

 private:
  Result<std::vector<std::string>> names(const std::string& statement);
  Status add_columns(PublishedTable& table, const std::string& columns);

  Session session_;
};

}  // namespace pelton::postgres
