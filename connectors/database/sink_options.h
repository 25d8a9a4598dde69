// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/table_name.h"
#include "engine/base/clock.h"
#include "engine/config/parts/connector.h"
#include "engine/config/parts/filter_rule.h"
#include "engine/config/spec/fields.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pelton::database {

// What an event does to the table.
enum class WriteMode : std::uint8_t {
  insert,  // adds a row
  upsert,  // adds a row, or changes the one with its key
};

// Which events delete the row of their key.
enum class Deletes : std::uint8_t {
  never,
  tombstone,  // those without data
  change,     // and those whose header `op` is `d`, as sources of database changes write them
};

// What becomes of a field of the data for which the table has no column.
enum class UnknownFields : std::uint8_t { fail, ignore };

// Value. A sink's options, whose defaults stand here.
struct SinkOptions {
  struct Column {
    std::string name;
    config::FieldRef field;
  };
  std::string connector;
  std::string url;
  std::string table;
  TableName name;  // that of `table`
  WriteMode mode = WriteMode::insert;
  std::vector<Column> columns;   // empty: the fields of the data by their names
  std::vector<std::string> key;  // empty: the table's primary key
  Deletes deletes = Deletes::never;
  UnknownFields unknown_fields = UnknownFields::fail;
  std::vector<std::pair<std::string, std::string>> create;  // columns and their types; empty: no
  std::string progress = "pelton_progress";
  TableName progress_name;  // that of `progress`
  Duration timeout{std::chrono::seconds(30)};

  // Whether it has to know which row an event means.
  bool needs_key() const { return mode == WriteMode::upsert || deletes != Deletes::never; }
};

// Value. What the options of one database's sink are told in.
struct SinkWords {
  std::string table;  // the sentence
  std::string table_example;
  std::string type_example;
};

// The options of a sink without `url`, which stands first and is the database's own.
void add_sink_fields(config::Fields<SinkOptions>& fields, const SinkWords& words);

// Fills in what follows from the options of connector `connector`. E7240: names that are none, and
// options that contradict one another. A table without a schema is in `schema`; empty: it needs
// one.
void check_sink_options(const config::Section& section, config::ReadContext& context,
                        const std::string& schema, SinkOptions& options);

// Where it writes, for the check for loops; `server` as a source on it names it.
std::vector<config::Location> table_written(const std::string& server, const TableName& table);

}  // namespace pelton::database
