// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/database.h"

#include <algorithm>
#include <charconv>

namespace pelton::postgres {
namespace {

Oid oid_of(const std::optional<std::string>& text) {
  Oid oid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), oid);
  return oid;
}

bool is_true(const std::optional<std::string>& text) {
  return text == "t";
}

}  // namespace

Result<std::optional<TypeFacts>> Database::type(Oid oid) {
  const auto rows = session_.query(
      fmt::format("SELECT typbasetype, CASE WHEN typcategory = 'A' THEN typelem ELSE 0 END, "
                  "(SELECT typdelim FROM pg_type e WHERE e.oid = t.typelem), typrelid "
                  "FROM pg_type t WHERE oid = {}",
                  oid));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  const auto& row = rows->front();
  TypeFacts facts{oid_of(row[0]), oid_of(row[1]), row[2] ? row[2]->front() : ',', {}};
  if (const Oid relation = oid_of(row[3]); relation != 0) {
    const auto attributes = session_.query(
        fmt::format("SELECT attname, atttypid FROM pg_attribute WHERE attrelid = {} AND attnum > 0 "
                    "AND NOT attisdropped ORDER BY attnum",
                    relation));
    if (!attributes) return std::unexpected(attributes.error());
    for (const auto& attribute : *attributes)
      facts.attributes.emplace_back(attribute[0].value_or(""), oid_of(attribute[1]));
  }
  return facts;
}

Result<std::vector<std::string>> Database::names(const std::string& statement) {
  const auto rows = session_.query(statement);
  if (!rows) return std::unexpected(rows.error());
  std::vector<std::string> out;
  for (const auto& row : *rows) out.push_back(row[0].value_or(""));
  return out;
}

Result<std::vector<std::string>> Database::primary_key(Oid relation) {
  return names(fmt::format(
      "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
      "a.attnum = ANY (i.indkey) WHERE i.indrelid = {} AND i.indisprimary "
      "ORDER BY array_position(i.indkey::int2[], a.attnum)",
      relation));
}

Result<std::optional<SlotFacts>> Database::slot(const std::string& name) {
  const auto rows = session_.query(
      "SELECT plugin, slot_type = 'logical' AND database = current_database(), active, "
      "confirmed_flush_lsn, wal_status FROM pg_replication_slots WHERE slot_name = " +
      quoted_text(name));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  const auto& row = rows->front();
  return SlotFacts{row[0].value_or(""), is_true(row[1]), is_true(row[2]),
                   parse_lsn(row[3].value_or("")).value_or(0), row[4].value_or("")};
}

Result<bool> Database::has_publication(const std::string& name) {
  const auto rows =
      session_.query("SELECT 1 FROM pg_publication WHERE pubname = " + quoted_text(name));
  if (!rows) return std::unexpected(rows.error());
  return !rows->empty();
}

Result<std::vector<TableFacts>> Database::tables(const std::vector<TablePattern>& patterns) {
  const auto rows = session_.query(
      "SELECT n.nspname, c.relname, c.relispartition, c.relreplident IN ('f', 'i') OR "
      "(c.relreplident = 'd' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND "
      "i.indisprimary)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND n.nspname <> "
      "'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2");
  if (!rows) return std::unexpected(rows.error());
  std::vector<TableFacts> out;
  for (const auto& row : *rows) {
    TableFacts table{row[0].value_or(""), row[1].value_or(""), is_true(row[3])};
    const bool partition = is_true(row[2]);
    const bool wanted = std::ranges::any_of(patterns, [&](const TablePattern& pattern) {
      return (!partition || pattern.exact()) && pattern.matches(table.schema, table.table);
    });
    if (wanted) out.push_back(std::move(table));
  }
  return out;
}

Result<std::vector<std::string>> Database::published(const std::string& publication) {
  return names(
      "SELECT n.nspname || '.' || c.relname FROM pg_publication p JOIN pg_publication_rel r ON "
      "r.prpubid = p.oid JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = "
      "c.relnamespace WHERE p.pubname = " +
      quoted_text(publication) + " ORDER BY 1");
}

// Column lists and row filters came with PostgreSQL 15.
Result<std::vector<PublishedTable>> Database::published_tables(
    const std::vector<std::string>& publications) {
  std::string names;
  for (const std::string& name : publications)
    names += (names.empty() ? "" : ", ") + quoted_text(name);
  const bool lists = session_.version() >= 150'000;
  const auto rows = session_.query(fmt::format(
      "SELECT t.schemaname, t.tablename, c.oid, c.relkind = 'p', {} FROM pg_publication_tables t "
      "JOIN pg_namespace n ON n.nspname = t.schemaname JOIN pg_class c ON c.relnamespace = n.oid "
      "AND c.relname = t.tablename WHERE t.pubname IN ({}) GROUP BY 1, 2, 3, 4",
      lists ? "CASE WHEN bool_or(t.rowfilter IS NULL) THEN NULL ELSE "
              "string_agg('(' || t.rowfilter || ')', ' OR ') END, min(t.attnames)::text"
            : "NULL, NULL",
      names));
  if (!rows) return std::unexpected(rows.error());
  std::vector<PublishedTable> out;
  for (const auto& row : *rows) {
    PublishedTable& table = out.emplace_back();
    table.schema = row[0].value_or("");
    table.table = row[1].value_or("");
    table.oid = oid_of(row[2]);
    table.partitioned = is_true(row[3]);
    table.filter = row[4];
    if (auto added = add_columns(table, row[5].value_or("")); !added)
      return std::unexpected(added.error());
  }
  return out;
}

// `columns`: an array of names; empty: all. Without generated ones, which changes do not have.
Status Database::add_columns(PublishedTable& table, const std::string& columns) {
  const std::string listed =
      columns.empty() ? "" : " AND a.attname = ANY (" + quoted_text(columns) + "::name[])";
  const auto rows = session_.query(fmt::format(
      "SELECT a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), EXISTS (SELECT FROM "
      "pg_index i WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey) AND CASE WHEN "
      "c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END) FROM pg_attribute a "
      "JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid = {} AND a.attnum > 0 AND NOT "
      "a.attisdropped AND a.attgenerated = ''{} ORDER BY a.attnum",
      table.oid, listed));
  if (!rows) return std::unexpected(rows.error());
  for (const auto& row : *rows)
    table.columns.push_back(
        {row[0].value_or(""), oid_of(row[1]), row[2].value_or(""), is_true(row[3])});
  return {};
}

Status Database::run(const std::string& statement) {
  const auto rows = session_.query(statement);
  return rows ? Status{} : std::unexpected(rows.error());
}

}  // namespace pelton::postgres
