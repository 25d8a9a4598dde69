// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/database/snapshot_mode.h"
#include "connectors/database/table_pattern.h"
#include "engine/config/spec/connector_options.h"
#include "engine/config/spec/fields.h"

#include <string>
#include <vector>

namespace pelton::database {

// What options of sources of database changes have in common. `Options` has members of these names.

inline std::string pattern_text(const TablePattern& pattern) {
  return pattern.text();
}

template <typename Options>
void snapshot_field(config::Fields<Options>& fields) {
  fields.choice("snapshot", &Options::snapshot,
                {{"initial", SnapshotMode::initial},
                 {"never", SnapshotMode::never},
                 {"only", SnapshotMode::only},
                 {"when_needed", SnapshotMode::when_needed}},
                "When the rows that the tables already hold become events: at the first start "
                "(`initial`), not at all (`never`), at the first start and without any changes "
                "after that (`only`), or at the first start and again whenever changes are "
                "missing, instead of stopping (`when_needed`).");
}

// `decimals`: the types that the option is about.
template <typename Options>
void event_fields(config::Fields<Options>& fields, const std::string& decimals) {
  fields
      .choice("envelope", &Options::envelope,
              {{"flat", Envelope::flat}, {"debezium", Envelope::debezium}},
              "An event's data: the row alone, with what happened to it in the headers (`flat`), "
              "or Debezium's document with `before`, `after`, `source`, `op` and `ts_ms`.")
      .choice("decimals", &Options::decimals,
              {{"string", Decimals::text}, {"number", Decimals::number}},
              "What " + decimals +
                  " values become. As a `number` they may lose digits in the function's language.")
      .option("tombstones", &Options::tombstones,
              "Whether an event without data, with the same key, follows each delete, for topics "
              "that are compacted.");
}

// The tables of a source on a server, as far as it names them.
inline std::vector<config::Location> tables_read(const std::string& server,
                                                 const std::vector<TablePattern>& tables) {
  std::vector<config::Location> out;
  for (const TablePattern& table : tables)
    if (table.exact()) {
      config::Location& place = out.emplace_back();
      place.name = "table " + table.full_name();
      place.at = {server};
    }
  return out;
}

}  // namespace pelton::database
