// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <memory>
#include <optional>

namespace pelton::cli {
namespace {

namespace json = boost::json;

struct Options {
  EngineAddress address;
  std::string format = "text";
  std::string binding;
  std::optional<std::int64_t> to_offset;
  std::optional<std::int64_t> by;
  std::string to_time;
  bool to_earliest = false;
  bool to_latest = false;
  int partition = -1;
  bool dry_run = false;
};

int list(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  auto answer = (*client)->get("/v1/status");
  if (!answer) return complain(answer.error());
  const json::value status = json::parse(answer->body);
  json::array rows;
  Table table({"BINDING", "STREAM", "PARTITION", "CURSOR", "END", "LAG", "OLDEST"});
  bool found = options.binding.empty();
  for (const json::value& value : status.as_object().at("bindings").as_array()) {
    const json::object& binding = value.as_object();
    const std::string name(binding.at("name").as_string());
    if (!options.binding.empty() && name != options.binding) continue;
    found = true;
    for (const json::value& item : binding.at("partitions").as_array()) {
      json::object row = item.as_object();
      auto text = [&](const char* field) {
        return std::to_string(row.at(field).to_number<std::int64_t>());
      };
      table.add({name, std::string(binding.at("stream").as_string()), text("partition"),
                 text("cursor"), text("end"), text("lag_events"),
                 age_text(row.at("lag_seconds").to_number<double>())});
      row["binding"] = name;
      rows.push_back(row);
    }
  }
  if (!found)
    return complain(
        {ErrorKind::invalid, "E5001", fmt::format("no binding named \"{}\"", options.binding)});
  fmt::print("{}", options.format == "json" ? json::serialize(rows) + "\n" : table.text());
  return kOk;
}

Result<json::object> request(const Options& options) {
  json::object body{{"binding", options.binding}, {"dry_run", options.dry_run}};
  int ways = 0;
  auto way = [&](bool given, const char* to) {
    if (!given) return;
    body["to"] = to;
    ++ways;
  };
  way(options.to_offset.has_value(), "offset");
  way(options.by.has_value(), "by");
  way(!options.to_time.empty(), "time");
  way(options.to_earliest, "earliest");
  way(options.to_latest, "latest");
  if (ways != 1)
    return fail(ErrorKind::invalid, "E5004",
                "say where to, once: --to-offset, --to-time, --to-earliest, --to-latest or --by");
  if (options.to_offset) body["offset"] = *options.to_offset;
  if (options.by) body["offset"] = *options.by;
  if (!options.to_time.empty()) body["time"] = options.to_time;
  if (options.partition >= 0) body["partition"] = options.partition;
  return body;
}

int seek(const Options& options) {
  auto body = request(options);
  if (!body) {
    complain(body.error());
    return kUsage;
  }
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  auto answer = (*client)->post("/v1/offsets/seek", json::serialize(*body));
  if (!answer) return complain(answer.error());
  if (options.format == "json") {
    fmt::print("{}", answer->body);
    return kOk;
  }
  Table table({"PARTITION", "FROM", "TO", "EVENTS"});
  const json::value changes = json::parse(answer->body);
  for (const json::value& value : changes.as_object().at("changes").as_array()) {
    const json::object& change = value.as_object();
    const auto events = change.at("events").to_number<std::int64_t>();
    const std::string effect = events < 0   ? fmt::format("{} again", -events)
                               : events > 0 ? fmt::format("{} passed over", events)
                                            : "none";
    table.add({std::to_string(change.at("partition").to_number<std::int64_t>()),
               std::to_string(change.at("from").to_number<std::int64_t>()),
               std::to_string(change.at("to").to_number<std::int64_t>()), effect});
  }
  fmt::print("{}{}", table.text(), options.dry_run ? "nothing was changed (--dry-run)\n" : "");
  return kOk;
}

}  // namespace

void add_offsets(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("offsets", "where bindings stand, and moving them");
  group->require_subcommand(1);
  group->footer("Example: pelton offsets seek bill --to-time 2026-11-23T10:00:00Z --dry-run");
  auto options = std::make_shared<Options>();
  auto* command = group->add_subcommand("list", "cursors and lag, a line a partition");
  command->add_option("BINDING", options->binding, "only this binding or sink");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->callback([&chosen, options] { chosen = [options] { return list(*options); }; });
  command = group->add_subcommand("seek", "continue a binding elsewhere; safe while it runs");
  command->add_option("BINDING", options->binding, "binding or sink")->required();
  command->add_option("--to-offset", options->to_offset, "this offset");
  command->add_option("--to-time", options->to_time,
                      "the first event at or after this time (RFC 3339)");
  command->add_flag("--to-earliest", options->to_earliest, "the first event that is stored");
  command->add_flag("--to-latest", options->to_latest, "behind the last event");
  command->add_option("--by", options->by, "so many events forward, or back (negative)");
  command->add_option("--partition", options->partition, "this partition only");
  command->add_flag("--dry-run", options->dry_run,
                    "show from -> to and how many events, change nothing");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->callback([&chosen, options] { chosen = [options] { return seek(*options); }; });
}

}  // namespace pelton::cli
