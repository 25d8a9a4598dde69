// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/options.h"

#include "connectors/database/source_fields.h"

namespace pelton::mysql {
namespace {

using config::Fields;
using config::ReadContext;
using config::Section;

std::optional<TablePattern> parse_table(const std::string& text, config::Place place,
                                        config::Diagnostics& problems) {
  if (auto pattern = TablePattern::parse(text, "")) return pattern;
  problems.error(place, "E7229",
                 fmt::format("tables: \"{}\" is not a table such as shop.orders, or a pattern "
                             "such as \"shop.*\"",
                             text));
  return std::nullopt;
}

void check_url(const Section& section, ReadContext& context, const std::string& url) {
  if (url.empty()) return;
  if (const auto server = parse_url(url); !server)
    context.problems.error(section.place("url"), server.error().code,
                           fmt::format("connector {}: {}", context.part, server.error().message));
}

Server server_at(const std::string& url, const std::optional<net::Tls>& tls) {
  Server out = parse_url(url).value_or(Server{});
  out.tls = tls;
  return out;
}

template <typename Options>
void tls_field(Fields<Options>& fields) {
  fields.section(
      &Options::tls,
      net::tls_fields("Encryption, which is required with this section: with `verify_host` the "
                      "server's certificate is checked, without it nothing is. Without the "
                      "section connections are not encrypted."));
}

void check_source(const Section& section, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  options.connector = context.part;
  if (options.tables.empty())
    context.problems.error(
        section.place("tables"), "E7229",
        fmt::format("connector {}: name the tables in `tables`; [\"shop.*\"] is a whole database",
                    context.part));
  check_url(section, context, options.url);
}

Fields<SourceOptions> source_fields() {
  Fields<SourceOptions> fields("mysql", "");
  fields
      .option("url", &SourceOptions::url,
              "The server, as `mysql://USER:PASSWORD@HOST:PORT` (or `mariadb://`), with "
              "percent-encoded parts. Its user needs REPLICATION SLAVE, REPLICATION CLIENT and "
              "SELECT on the tables.",
              {.example = "${env:SHOP_DATABASE_URL}", .required = true, .secret = true})
      .each("tables", &SourceOptions::tables, parse_table, database::pattern_text,
            "Tables whose changes become events, as `database.table`; `*` stands for any "
            "characters. New tables that match are included when they are created.",
            {.example = "[shop.orders, \"inventory.*\"]", .required = true});
  database::snapshot_field(fields);
  fields
      .choice("positions", &SourceOptions::positions,
              {{"gtid", Positions::gtid}, {"file", Positions::file}},
              "Whether a position is kept as the numbers of transactions, which other servers of a "
              "replication know too, or as a file of the log and an offset. A server without "
              "GTIDs takes `file`.")
      .option("server_id", &SourceOptions::server_id,
              "The connector's id as a replica, which no other replica of the server may have. 0 "
              "is one of its own choice, which it keeps.",
              {.at_least = "0", .at_most = "4294967295"});
  database::event_fields(fields, "`decimal`");
  tls_field(fields);
  fields.then(check_source);
  return fields;
}

void check_rows(const Section& section, const std::string&, ReadContext& context,
                database::SinkOptions& options) {
  database::check_sink_options(section, context, "", options);
  check_url(section, context, options.url);
}

Fields<SinkOptions> sink_fields() {
  Fields<database::SinkOptions> rows("", "");
  rows.option("url", &database::SinkOptions::url,
              "The server, as `mysql://USER:PASSWORD@HOST:PORT` (or `mariadb://`), with "
              "percent-encoded parts. Its user needs the rights to write the table, and to create "
              "tables that are missing.",
              {.example = "${env:BILLING_DATABASE_URL}", .required = true, .secret = true});
  database::add_sink_fields(rows, {.table = "The table, as `database.table`, or a view that takes "
                                            "rows. A name in double quotes is taken as it is.",
                                   .table_example = "billing.bills",
                                   .type_example = "{ id: bigint, total: \"decimal(10, 2)\" }"});
  rows.then(check_rows);
  Fields<SinkOptions> fields("mysql", "");
  fields.include(&SinkOptions::rows, std::move(rows));
  tls_field(fields);
  return fields;
}

std::vector<config::Location> source_locations(const SourceOptions& options) {
  return database::tables_read(options.server().address(), options.tables);
}

std::vector<config::Location> sink_locations(const SinkOptions& options) {
  return database::table_written(options.server().address(), options.rows.name);
}

}  // namespace

Server SourceOptions::server() const {
  return server_at(url, tls);
}

Server SinkOptions::server() const {
  return server_at(rows.url, tls);
}

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "mysql";
  options.sentence =
      "Tables of MySQL and MariaDB. As a source, each insert, update and delete becomes an event, "
      "in "
      "the order of the commits, from the binary log. As a sink, each event is written to a table "
      "as "
      "a row.";
  options.source = config::connector_side(source_fields(), source_locations);
  options.sink = config::connector_side(sink_fields(), sink_locations);
  return options;
}

}  // namespace pelton::mysql
