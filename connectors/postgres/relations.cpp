// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/relations.h"

#include "connectors/database/json_text.h"

#include <algorithm>
#include <utility>

namespace pelton::postgres {
namespace {

Status find_key(const Message& message, Relation& relation, Catalog& catalog) {
  const bool by_identity = message.identity == 'd' || message.identity == 'i';
  std::vector<std::string> names;
  if (!by_identity) {
    auto primary = catalog.primary_key(message.relation);
    if (!primary) return std::unexpected(std::move(primary).error());
    names = std::move(*primary);
  }
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const Relation::Column& column = relation.columns[i];
    const bool named = std::ranges::find(names, column.name) != names.end();
    if (by_identity ? column.identity : named) relation.key.push_back(i);
  }
  return {};
}

}  // namespace

Result<Relation> describe(const Message& message, const std::vector<TablePattern>& tables,
                          Catalog& catalog) {
  Relation relation;
  relation.schema = message.schema.empty() ? "pg_catalog" : message.schema;
  relation.table = message.table;
  relation.full_name = relation.schema + "." + relation.table;
  relation.wanted = database::wanted(tables, relation.schema, relation.table);
  if (!relation.wanted) return relation;
  for (const Column& column : message.columns) {
    const auto type = relation.types.of(column.type, catalog);
    if (!type) return std::unexpected(type.error());
    Relation::Column& to = relation.columns.emplace_back();
    to.name = column.name;
    database::append_quoted(to.label, column.name);
    to.label += ':';
    relation.types_of_columns.push_back(*type);
    to.identity = column.identity;
  }
  if (auto found = find_key(message, relation, catalog); !found)
    return std::unexpected(found.error());
  return relation;
}

Status Relations::learn(const Message& message) {
  auto relation = describe(message, tables_, catalog_);
  if (!relation) return std::unexpected(std::move(relation).error());
  relations_.insert_or_assign(message.relation, std::move(*relation));
  return {};
}

const Relation* Relations::find(Oid oid) const {
  const auto at = relations_.find(oid);
  return at == relations_.end() ? nullptr : &at->second;
}

}  // namespace pelton::postgres
