// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/relations.h"

#include "connectors/postgres/json_text.h"

#include <algorithm>
#include <utility>

namespace pelton::postgres {

Status Relations::learn(const Message& message) {
  Relation relation;
  relation.schema = message.schema.empty() ? "pg_catalog" : message.schema;
  relation.table = message.table;
  relation.full_name = relation.schema + "." + relation.table;
  relation.wanted = wanted(tables_, relation.schema, relation.table);
  if (relation.wanted) {
    for (const Column& column : message.columns) {
      const auto type = relation.types.of(column.type, catalog_);
      if (!type) return std::unexpected(type.error());
      Relation::Column& to = relation.columns.emplace_back();
      to.name = column.name;
      append_quoted(to.label, column.name);
      to.label += ':';
      to.type = *type;
      to.identity = column.identity;
    }
    if (auto found = find_key(message, relation); !found) return found;
  }
  relations_.insert_or_assign(message.relation, std::move(relation));
  return {};
}

Status Relations::find_key(const Message& message, Relation& relation) {
  const bool by_identity = message.identity == 'd' || message.identity == 'i';
  std::vector<std::string> names;
  if (!by_identity) {
    auto primary = catalog_.primary_key(message.relation);
    if (!primary) return std::unexpected(std::move(primary).error());
    names = std::move(*primary);
  }
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const Relation::Column& column = relation.columns[i];
    if (by_identity ? column.identity : std::ranges::find(names, column.name) != names.end())
      relation.key.push_back(i);
  }
  return {};
}

const Relation* Relations::find(Oid oid) const {
  const auto at = relations_.find(oid);
  return at == relations_.end() ? nullptr : &at->second;
}

}  // namespace pelton::postgres
