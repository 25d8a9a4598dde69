// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/preparation.h"

#include <algorithm>

namespace pelton::postgres {
namespace {

std::unexpected<Error> missing(const char* what, const std::string& name, const char* why) {
  return fail(ErrorKind::invalid, "E7085", "{} {} does not exist{}", what, name, why);
}

// Tables that no application could update any more are left out, or refused where their name is
// given.
Result<std::vector<TableFacts>> publishable(const SourceOptions& options,
                                            std::vector<TableFacts> tables,
                                            std::vector<std::string>& warnings) {
  std::vector<TableFacts> out;
  for (TableFacts& table : tables) {
    if (table.identity) {
      out.push_back(std::move(table));
      continue;
    }
    const std::string why = fmt::format(
        "table {} has no primary key and no replica identity: once it is published, the server "
        "refuses its updates and deletes",
        table.full_name());
    const bool named = std::ranges::any_of(options.tables, [&](const TablePattern& pattern) {
      return pattern.exact() && pattern.matches(table.schema, table.table);
    });
    if (named) return fail(ErrorKind::invalid, "E7095", "{}", why);
    warnings.push_back(fmt::format("E7095: {}; it is left out", why));
  }
  return out;
}

std::string table_list(const std::vector<TableFacts>& tables) {
  std::string out;
  for (const TableFacts& table : tables) {
    if (!out.empty()) out += ", ";
    out += quoted_name(table.schema) + "." + quoted_name(table.table);
  }
  return out;
}

Status check_tables(const SourceOptions& options, const std::vector<TableFacts>& tables) {
  for (const TablePattern& pattern : options.tables) {
    const bool found = std::ranges::any_of(tables, [&](const TableFacts& table) {
      return pattern.matches(table.schema, table.table);
    });
    if (!found && pattern.exact())
      return fail(ErrorKind::invalid, "E7090", "table {} does not exist", pattern.text());
  }
  if (tables.empty())
    return fail(ErrorKind::invalid, "E7090", "no table matches `tables` of connector {}",
                options.connector);
  return {};
}

Status keep_publication(const SourceOptions& options, Database& database,
                        std::vector<std::string>& warnings) {
  auto found = database.tables(options.tables);
  if (!found) return std::unexpected(std::move(found).error());
  if (auto checked = check_tables(options, *found); !checked) return checked;
  const auto tables = publishable(options, std::move(*found), warnings);
  if (!tables) return std::unexpected(tables.error());
  const std::string& name = options.publications.front();
  const auto there = database.has_publication(name);
  if (!there) return std::unexpected(there.error());
  if (!*there)
    return database.run("CREATE PUBLICATION " + quoted_name(name) + " FOR TABLE " +
                        table_list(*tables) + " WITH (publish_via_partition_root = true)");
  const auto published = database.published(name);
  if (!published) return std::unexpected(published.error());
  const bool same = std::ranges::equal(*published, *tables, {}, {}, &TableFacts::full_name);
  if (same) return {};
  return database.run("ALTER PUBLICATION " + quoted_name(name) + " SET TABLE " +
                      table_list(*tables));
}

Status check_publications(const SourceOptions& options, Database& database) {
  for (const std::string& name : options.publications) {
    const auto there = database.has_publication(name);
    if (!there) return std::unexpected(there.error());
    if (!*there) return missing("publication", name, "");
  }
  return {};
}

Result<Start> use_slot(const SourceOptions& options, const SlotFacts& slot,
                       const ServerFacts& server, const std::optional<Position>& stored) {
  if (!slot.ours || slot.plugin != "pgoutput")
    return fail(ErrorKind::invalid, "E7094",
                "slot {} is not a logical slot of this database with the plug-in pgoutput",
                options.slot);
  if (slot.wal_status == "lost")
    return fail(ErrorKind::invalid, "E7088",
                "the server has removed changes that slot {} had not sent (max_slot_wal_keep_size)",
                options.slot);
  Start start;
  if (stored) {
    if (auto good = check_resume(*stored, server, slot, options.slot); !good)
      return std::unexpected(good.error());
    start.position = *stored;
  } else {
    start.position.lsn = slot.confirmed;
  }
  start.position.system = server.system;
  start.position.timeline = server.timeline;
  return start;
}

Result<Start> create_slot(const SourceOptions& options, Replication& replication,
                          const ServerFacts& server) {
  const auto slot = replication.create_slot(options.slot);
  if (!slot) return std::unexpected(slot.error());
  Start start;
  start.position = {server.system, server.timeline, slot->start, 0, std::nullopt};
  start.snapshot = slot->snapshot;
  return start;
}

}  // namespace

Status check_resume(const Position& stored, const ServerFacts& server, const SlotFacts& slot,
                    const std::string& name) {
  if (stored.system != server.system)
    return fail(ErrorKind::invalid, "E7087",
                "the server's system identifier is {}; slot {} was read up to {} on a server with "
                "{}",
                server.system, name, lsn_text(stored.lsn), stored.system);
  if (server.timeline < stored.timeline || server.end < stored.lsn)
    return fail(ErrorKind::invalid, "E7087",
                "the server was set back: slot {} was read up to {} of timeline {}, and the "
                "server's log ends at {} of timeline {}",
                name, lsn_text(stored.lsn), stored.timeline, lsn_text(server.end), server.timeline);
  if (slot.confirmed > stored.lsn)
    return fail(ErrorKind::invalid, "E7086",
                "slot {} has been moved to {}: the changes between {} and there are not sent any "
                "more",
                name, lsn_text(slot.confirmed), lsn_text(stored.lsn));
  return {};
}

Result<Start> prepare(const SourceOptions& options, Database& database, Replication& replication,
                      const std::optional<Position>& stored) {
  std::vector<std::string> warnings;
  const auto server = replication.identify();
  if (!server) return std::unexpected(server.error());
  // The publication first: a slot does not find one that is younger than itself.
  const Status published = options.create ? keep_publication(options, database, warnings)
                                          : check_publications(options, database);
  if (!published) return std::unexpected(published.error());
  const auto slot = database.slot(options.slot);
  if (!slot) return std::unexpected(slot.error());
  if (!*slot && stored)
    return missing("slot", options.slot,
                   fmt::format("; it was read up to {}", lsn_text(stored->lsn)).c_str());
  if (!*slot && !options.create) return missing("slot", options.slot, "");
  auto start = *slot ? use_slot(options, **slot, *server, stored)
                     : create_slot(options, replication, *server);
  if (start) start->warnings = std::move(warnings);
  return start;
}

}  // namespace pelton::postgres
