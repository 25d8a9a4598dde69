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

void check_source(const Section& section, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  options.connector = context.part;
  if (options.tables.empty())
    context.problems.error(
        section.place("tables"), "E7229",
        fmt::format("connector {}: name the tables in `tables`; [\"shop.*\"] is a whole database",
                    context.part));
  if (options.url.empty()) return;
  if (const auto server = parse_url(options.url); !server)
    context.problems.error(section.place("url"), server.error().code,
                           fmt::format("connector {}: {}", context.part, server.error().message));
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
  fields
      .section(
          &SourceOptions::tls,
          net::tls_fields("Encryption, which is required with this section: with `verify_host` "
                          "the server's certificate is checked, without it nothing is. Without "
                          "the section connections are not encrypted."))
      .then(check_source);
  return fields;
}

}  // namespace

Server SourceOptions::server() const {
  Server out = parse_url(url).value_or(Server{});
  out.tls = tls;
  return out;
}

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "mysql";
  options.sentence =
      "Changes of MySQL and MariaDB tables from the binary log: each insert, update and delete "
      "becomes an event, in the order of the commits.";
  options.source = config::connector_side(source_fields(), database::no_locations<SourceOptions>);
  return options;
}

}  // namespace pelton::mysql
