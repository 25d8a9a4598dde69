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

bool same_tables(std::vector<std::string> published, const std::vector<TableFacts>& tables) {
  std::vector<std::string> names;
  for (const TableFacts& table : tables) names.push_back(table.full_name());
  std::ranges::sort(published);
  std::ranges::sort(names);
  return published == names;
}

// The tables that `tables` names and that are not there.
std::vector<std::string> absent(const SourceOptions& options,
                                const std::vector<TableFacts>& tables) {
  std::vector<std::string> out;
  for (const TablePattern& pattern : options.tables) {
    const bool found = std::ranges::any_of(tables, [&](const TableFacts& table) {
      return pattern.matches(table.schema, table.table);
    });
    if (!found && pattern.exact()) out.push_back(pattern.text());
  }
  return out;
}

// A table that was dropped later must not keep the changes before that from being read.
Status check_tables(const SourceOptions& options, const std::vector<TableFacts>& tables, bool first,
                    std::vector<std::string>& warnings) {
  for (const std::string& name : absent(options, tables)) {
    if (first) return fail(ErrorKind::invalid, "E7090", "table {} does not exist", name);
    warnings.push_back(fmt::format("E7090: table {} does not exist", name));
  }
  if (first && tables.empty())
    return fail(ErrorKind::invalid, "E7090", "no table matches `tables` of connector {}",
                options.connector);
  return {};
}

Status keep_publication(const SourceOptions& options, Database& database, bool first,
                        std::vector<std::string>& warnings) {
  auto found = database.tables(options.tables);
  if (!found) return std::unexpected(std::move(found).error());
  if (auto checked = check_tables(options, *found, first, warnings); !checked) return checked;
  const auto tables = publishable(options, std::move(*found), warnings);
  if (!tables) return std::unexpected(tables.error());
  const std::string& name = options.publications.front();
  const auto there = database.has_publication(name);
  if (!there) return std::unexpected(there.error());
  if (tables->empty() && first)
    return fail(ErrorKind::invalid, "E7090", "no table that matches `tables` can be published");
  if (tables->empty()) return {};
  if (!*there)
    return database.run("CREATE PUBLICATION " + quoted_name(name) + " FOR TABLE " +
                        table_list(*tables) + " WITH (publish_via_partition_root = true)");
  auto published = database.published(name);
  if (!published) return std::unexpected(published.error());
  if (same_tables(std::move(*published), *tables)) return {};
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
  if (slot.active)
    return fail(ErrorKind::unavailable, "E7084",
                "slot {} is read by another connection; waiting for it to end", options.slot);
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

Result<Start> without_slot(const ServerFacts& server, const std::optional<Position>& stored) {
  Start start;
  start.position =
      stored.value_or(Position{server.system, server.timeline, server.end, 0, std::nullopt});
  return start;
}

struct Setting {
  const SourceOptions& options;
  Database& database;
  Replication& replication;
  const ServerFacts& server;
};

Result<Start> find_slot(const Setting& in, const std::optional<Position>& stored) {
  const auto slot = in.database.slot(in.options.slot);
  if (!slot) return std::unexpected(slot.error());
  if (*slot) return use_slot(in.options, **slot, in.server, stored);
  if (stored)
    return missing("slot", in.options.slot,
                   fmt::format("; it was read up to {}", lsn_text(stored->lsn)).c_str());
  if (!in.options.create) return missing("slot", in.options.slot, "");
  return create_slot(in.options, in.replication, in.server);
}

bool is_gap(const Error& error) {
  return error.code == "E7085" || error.code == "E7086" || error.code == "E7087" ||
         error.code == "E7088";
}

// Where changes are missing, a new snapshot takes their place, if the options say so.
Result<Start> with_slot(const Setting& in, const std::optional<Position>& stored,
                        std::vector<std::string>& warnings) {
  auto start = find_slot(in, stored);
  if (start || in.options.snapshot != SnapshotMode::when_needed || !stored ||
      !is_gap(start.error()))
    return start;
  warnings.push_back(start.error().text() + "; taking a new snapshot");
  if (start.error().code == "E7088")
    if (auto dropped = in.database.run("SELECT pg_drop_replication_slot(" +
                                       quoted_text(in.options.slot) + ")");
        !dropped)
      return std::unexpected(dropped.error());
  start = find_slot(in, std::nullopt);
  if (start) start->position.snapshot.emplace();
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
  const Status published = options.create ? keep_publication(options, database, !stored, warnings)
                                          : check_publications(options, database);
  if (!published) return std::unexpected(published.error());
  auto start = options.snapshot == SnapshotMode::only
                   ? without_slot(*server, stored)
                   : with_slot({options, database, replication, *server}, stored, warnings);
  if (!start) return start;
  if (!stored && options.snapshot != SnapshotMode::never) start->position.snapshot.emplace();
  start->warnings = std::move(warnings);
  return start;
}

}  // namespace pelton::postgres
