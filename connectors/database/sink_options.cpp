// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/sink_options.h"

#include "engine/config/parts/filter.h"

#include <algorithm>

namespace pelton::database {
namespace {

using config::Node;
using config::ReadContext;
using config::Section;

void refuse(ReadContext& context, config::Place place, const std::string& message) {
  context.problems.error(place, "E7240", fmt::format("connector {}: {}", context.part, message));
}

// The entries of a mapping of column names to texts.
template <typename Take>
void read_entries(const Node& node, ReadContext& context, const char* option, const Take& take) {
  if (node.kind != Node::Kind::map)
    return context.problems.error(
        node.place, "E1007",
        fmt::format("{} must be a mapping of column names to texts, not {}", option,
                    node.kind_name()));
  for (const auto& [key, value] : node.entries) {
    if (value.kind != Node::Kind::scalar)
      context.problems.error(value.place, "E1007",
                             fmt::format("{}: the column {} must have a text, not {}", option,
                                         key.text, value.kind_name()));
    else if (key.text.empty())
      refuse(context, key.place, fmt::format("{}: a column has no name", option));
    else if (auto text = config::expand(value, context))
      take(key.text, value.place, std::move(*text));
  }
}

void read_columns(const Node& node, ReadContext& context, SinkOptions& options) {
  read_entries(node, context, "columns",
               [&](const std::string& column, config::Place place, const std::string& text) {
                 if (auto field = config::read_field(text, place, context.problems))
                   options.columns.push_back({column, std::move(*field)});
               });
}

std::map<std::string, std::string> columns_of(const SinkOptions& options) {
  std::map<std::string, std::string> out;
  for (const SinkOptions::Column& column : options.columns) out[column.name] = column.field.text;
  return out;
}

void read_create(const Node& node, ReadContext& context, SinkOptions& options) {
  read_entries(node, context, "create",
               [&](const std::string& column, config::Place place, std::string type) {
                 if (type.empty())
                   refuse(context, place, fmt::format("create: the column {} has no type", column));
                 options.create.emplace_back(column, std::move(type));
               });
}

std::map<std::string, std::string> create_of(const SinkOptions& options) {
  return {options.create.begin(), options.create.end()};
}

void read_name(const Section& section, ReadContext& context, const char* option,
               const std::string& text, const std::string& schema, TableName& out) {
  if (text.empty()) return;  // reported, as it is required
  auto name = parse_table_name(text, schema);
  if (name && !name->schema.empty())
    out = std::move(*name);
  else
    refuse(context, section.place(option),
           fmt::format("`{}`: \"{}\" is not the name of a table, such as {}", option, text,
                       schema.empty() ? "shop.bills" : "bills or public.bills"));
}

bool among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Columns that the options name, in the places where they are listed.
void check_key(const Section& section, ReadContext& context, const SinkOptions& options) {
  std::vector<std::string> mapped, created;
  for (const auto& column : options.columns) mapped.push_back(column.name);
  for (const auto& column : options.create) created.push_back(column.first);
  for (const std::string& column : options.key) {
    if (!mapped.empty() && !among(mapped, column))
      refuse(
          context, section.place("key"),
          fmt::format("`key`: nothing is written to the column {}; add it to `columns`", column));
    if (!created.empty() && !among(created, column))
      refuse(context, section.place("key"),
             fmt::format("`key`: the column {} is not in `create`", column));
  }
  for (const std::string& column : mapped)
    if (!created.empty() && !among(created, column))
      refuse(context, section.place("columns"),
             fmt::format("`columns`: the column {} is not in `create`", column));
  if (!created.empty() && options.key.empty() && options.needs_key())
    refuse(context, section.place("create"),
           "`create`: the table needs a `key`, so that an event's row can be told");
}

}  // namespace

void add_sink_fields(config::Fields<SinkOptions>& fields, const SinkWords& words) {
  fields
      .option("table", &SinkOptions::table, words.table,
              {.example = words.table_example, .required = true})
      .choice("mode", &SinkOptions::mode,
              {{"insert", WriteMode::insert}, {"upsert", WriteMode::upsert}},
              "What an event does: `insert` adds a row; `upsert` adds one or changes the one with "
              "its key.")
      .node(
          "columns", config::OptionType::text_map, read_columns, columns_of,
          "What each column gets: `data.PATH`, `data` (all of it), `key`, `id`, `time`, `type`, "
          "`source`, `subject`, `content_type` or `headers.NAME`. Without it the fields of the "
          "data, which is a JSON object, go to the columns of their names.",
          {.example = "{ id: data.id, total: data.order.total, at: time, tenant: headers.tenant }"})
      .option("key", &SinkOptions::key,
              "The columns that tell one row from another. The default is the primary key.",
              {.example = "[id]"})
      .choice("delete", &SinkOptions::deletes,
              {{"never", Deletes::never},
               {"tombstone", Deletes::tombstone},
               {"change", Deletes::change}},
              "Which events delete the row of their key: those without data (`tombstone`), or also "
              "those whose header `op` is `d` (`change`), as the sources of database changes write "
              "them. With `never` an event without data is a dead letter.")
      .choice("unknown_fields", &SinkOptions::unknown_fields,
              {{"fail", UnknownFields::fail}, {"ignore", UnknownFields::ignore}},
              "Without `columns`: what becomes of an event whose data has a field for which there "
              "is no column. It is a dead letter (`fail`), or its other fields are written "
              "(`ignore`).")
      .node("create", config::OptionType::text_map, read_create, create_of,
            "Creates the table, if it is missing, with these columns and types; `key` becomes its "
            "primary key.",
            {.example = words.type_example})
      .option("progress", &SinkOptions::progress,
              "The table in which the sink keeps, in the same transactions, which events it has "
              "written. It is created if it is missing; several sinks can share one. Without a "
              "schema it is beside `table`.")
      .option("timeout", &SinkOptions::timeout,
              "How long one statement may take. After that it is tried again.",
              {.at_least = "1s", .at_most = "1h"});
}

void check_sink_options(const Section& section, ReadContext& context, const std::string& schema,
                        SinkOptions& options) {
  options.connector = context.part;
  read_name(section, context, "table", options.table, schema, options.name);
  read_name(section, context, "progress", options.progress, options.name.schema,
            options.progress_name);
  check_key(section, context, options);
  if (!options.columns.empty() && options.unknown_fields == UnknownFields::ignore)
    refuse(context, section.place("unknown_fields"),
           "`unknown_fields` has no meaning with `columns`, which name the fields");
  if (!options.table.empty() && options.name == options.progress_name)
    refuse(context, section.place("progress"), "`progress` and `table` are the same table");
}

std::vector<config::Location> table_written(const std::string& server, const TableName& table) {
  config::Location place;
  place.name = "table " + table.text();
  place.at = {server};
  place.written = true;
  return {place};
}

}  // namespace pelton::database
