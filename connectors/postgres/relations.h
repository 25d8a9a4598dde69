// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/database/table_pattern.h"
#include "connectors/postgres/pgoutput.h"
#include "connectors/postgres/types.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace pelton::postgres {

using database::TablePattern;

// A table as its changes are written from now on. Its key is the replica identity, or the primary
// key where that is the whole row or nothing.
struct Relation : database::Table {
  std::vector<const Type*> types_of_columns;
  bool wanted = true;
  Types types;
};

// What a message of kind relation describes. Errors are the catalog's.
Result<Relation> describe(const Message& message, const std::vector<TablePattern>& tables,
                          Catalog& catalog);

// The tables of one connection. The server describes a table before its first change, and again
// after each change of its definition.
class Relations {
 public:
  Relations(std::vector<TablePattern> tables, Catalog& catalog)
      : tables_(std::move(tables)), catalog_(catalog) {}

  // A message of kind relation. Errors are the catalog's.
  Status learn(const Message& message);
  // Null: not described.
  const Relation* find(Oid oid) const;
  void clear() { relations_.clear(); }

 private:
  const std::vector<TablePattern> tables_;
  Catalog& catalog_;
  std::unordered_map<Oid, Relation> relations_;
};

}  // namespace pelton::postgres
