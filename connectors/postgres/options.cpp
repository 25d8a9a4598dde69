// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/options.h"

#include "connectors/database/source_fields.h"
#include "connectors/postgres/session.h"

#include <algorithm>

namespace pelton::postgres {
namespace {

using config::Fields;
using config::ReadContext;
using config::Section;

std::optional<TablePattern> parse_table(const std::string& text, config::Place place,
                                        config::Diagnostics& problems) {
  if (auto pattern = TablePattern::parse(text, "public")) return pattern;
  problems.error(place, "E7092",
                 fmt::format("tables: \"{}\" is not a table such as public.orders, or a pattern "
                             "such as \"inventory.*\"",
                             text));
  return std::nullopt;
}

// What PostgreSQL takes as the name of a slot.
bool is_slot_name(const std::string& name) {
  return !name.empty() && name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

std::string slot_of(const std::string& connector) {
  std::string slot = "pelton_";
  for (const char c : connector) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool usable = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    slot += usable ? lower : '_';
  }
  return slot.substr(0, 63);
}

void check_url(const Section& section, ReadContext& context, const std::string& url) {
  if (url.empty()) return;
  if (const auto server = server_of(url); !server)
    context.problems.error(section.place("url"), server.error().code,
                           fmt::format("connector {}: {}", context.part, server.error().message));
}

void check_source(const Section& section, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  options.connector = context.part;
  if (options.slot.empty()) options.slot = slot_of(context.part);
  if (!is_slot_name(options.slot))
    context.problems.error(
        section.place("slot"), "E7092",
        fmt::format("connector {}: `slot` takes lower-case letters, digits and underscores, at "
                    "most 63",
                    context.part));
  if (options.publications.empty()) options.publications = {options.slot};
  if (options.create && options.publications.size() > 1)
    context.problems.error(
        section.place("publications"), "E7092",
        fmt::format("connector {}: several publications require `create: false`", context.part));
  if (options.create && options.tables.empty())
    context.problems.error(
        section.place("tables"), "E7092",
        fmt::format("connector {}: name the tables of the publication in `tables`, or set `create: "
                    "false`",
                    context.part));
  check_url(section, context, options.url);
}

Fields<SourceOptions> source_fields() {
  Fields<SourceOptions> fields("postgres", "");
  fields
      .option(
          "url", &SourceOptions::url,
          "The database, as a connection URL or a `key=value` list of libpq. Its user needs the "
          "attribute REPLICATION and, with `create`, the tables.",
          {.example = "${env:SHOP_DATABASE_URL}", .required = true, .secret = true})
      .each("tables", &SourceOptions::tables, parse_table, database::pattern_text,
            "Tables whose changes become events, as `schema.table`; `*` stands for any characters. "
            "A partitioned table stands for its partitions. With `create: false` and no tables: "
            "everything that is published.",
            {.example = "[public.orders, \"inventory.*\"]"})
      .option("slot", &SourceOptions::slot,
              "The replication slot. The default is `pelton_<connector>`.",
              {.example = "pelton_shop"})
      .option("publications", &SourceOptions::publications,
              "The publications. The default is one, named as the slot.", {.example = "[shop]"})
      .option("create", &SourceOptions::create,
              "Whether a missing slot and publication are created, and the publication is kept to "
              "`tables`. With `false` they must exist.");
  database::snapshot_field(fields);
  database::event_fields(fields, "`numeric` and `money`");
  fields.then(check_source);
  return fields;
}

void check_sink(const Section& section, const std::string&, ReadContext& context,
                SinkOptions& options) {
  database::check_sink_options(section, context, "public", options);
  check_url(section, context, options.url);
}

Fields<SinkOptions> sink_fields() {
  Fields<SinkOptions> fields("postgres", "");
  fields.option("url", &SinkOptions::url,
                "The database, as a connection URL or a `key=value` list of libpq. Its user needs "
                "the rights to write the table, and to create tables that are missing.",
                {.example = "${env:BILLING_DATABASE_URL}", .required = true, .secret = true});
  database::add_sink_fields(
      fields,
      {.table = "The table, as `schema.table` or, in the schema `public`, `table`; or a view "
                "that takes rows. A name in double quotes is taken as it is.",
       .table_example = "public.bills",
       .type_example = "{ id: bigint, total: \"numeric(10, 2)\" }"});
  fields.then(check_sink);
  return fields;
}

std::string server_at(const std::string& url) {
  return server_of(url).value_or(std::string());
}

std::vector<config::Location> source_locations(const SourceOptions& options) {
  return database::tables_read(server_at(options.url), options.tables);
}

std::vector<config::Location> sink_locations(const SinkOptions& options) {
  return database::table_written(server_at(options.url), options.name);
}

}  // namespace

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "postgres";
  options.sentence =
      "Tables of PostgreSQL. As a source, each insert, update and delete becomes an event, in the "
      "order of the commits, by logical replication. As a sink, each event is written to a table "
      "as "
      "a row.";
  options.source = config::connector_side(source_fields(), source_locations);
  options.sink = config::connector_side(sink_fields(), sink_locations);
  return options;
}

}  // namespace pelton::postgres
