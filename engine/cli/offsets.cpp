// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace pelton::cli {
namespace {

struct OffsetsOptions {
  EngineAddress address;
  std::string format = "text";
  std::string binding;
  std::optional<std::int64_t> to_offset;
  std::optional<std::int64_t> by;
  std::string to_time;
  bool to_earliest = false;
  bool to_latest = false;
  std::optional<std::uint32_t> partition;
  bool dry_run = false;
  bool yes = false;
};

Result<int> list(const OffsetsOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  auto answer = (*client)->get(
      "/v1/offsets" + (options.binding.empty() ? "" : "?binding=" + url_encoded(options.binding)));
  if (!answer) return std::unexpected(answer.error());
  if (options.format == "json") {
    print("{}", *answer);
    return kOk;
  }
  const auto offsets = parse_object(*answer);
  if (!offsets) return std::unexpected(offsets.error());
  Table table({"BINDING", "STREAM", "PARTITION", "CURSOR", "END", "LAG", "OLDEST"});
  for (const json::value& value : list_of(*offsets, "offsets")) {
    const json::object& row = as_object(value);
    auto number = [&](const char* name) { return std::to_string(integer_of(row, name)); };
    table.add({text_of(row, "binding"), text_of(row, "stream"), number("partition"),
               number("cursor"), number("end"), number("lag_events"),
               count_of(row, "lag_events") == 0 ? "-" : age_text(real_of(row, "lag_seconds"))});
  }
  print("{}", table.text());
  return kOk;
}

Result<json::object> request(const OffsetsOptions& options) {
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
  if (options.partition) body["partition"] = *options.partition;
  return body;
}

// How many unsettled events the move would pass over, which are then never delivered.
Result<std::uint64_t> passed_over(Client& client, json::object body) {
  body["dry_run"] = true;
  auto answer = client.post("/v1/offsets/seek", json::serialize(body));
  if (!answer) return std::unexpected(answer.error());
  const auto changes = parse_object(*answer);
  if (!changes) return std::unexpected(changes.error());
  std::uint64_t events = 0;
  for (const json::value& change : list_of(*changes, "changes"))
    events += static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, integer_of(as_object(change), "events")));
  return events;
}

// False: the operator said no.
Result<bool> agree(Client& client, const OffsetsOptions& options, const json::object& body) {
  // Before the first event that is stored there is nothing that could be delivered.
  if (options.yes || options.dry_run || options.to_earliest) return true;
  const auto events = passed_over(client, body);
  if (!events) return std::unexpected(events.error());
  if (*events == 0) return true;
  const std::string what =
      fmt::format("{} unsettled event{} of {} would be passed over and never delivered",
                  grouped(*events), *events == 1 ? "" : "s", options.binding);
  if (!terminal(STDIN_FILENO))
    return fail(ErrorKind::invalid, "E5004", "{}; add --yes if that is intended", what);
  return confirm(what + ". Continue?");
}

void print_skipped(const json::object& answer) {
  for (const json::value& value : list_of(answer, "skipped")) {
    const json::object& one = as_object(value);
    note("partition {} was not moved: {}\n", count_of(one, "partition"), text_of(one, "reason"));
  }
}

Result<int> seek(const OffsetsOptions& options) {
  auto body = request(options);
  if (!body) return std::unexpected(body.error());
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  if (auto agreed = agree(**client, options, *body); !agreed || !*agreed)
    return agreed ? Result<int>(kFailure) : std::unexpected(agreed.error());
  auto answer = (*client)->post("/v1/offsets/seek", json::serialize(*body));
  if (!answer) return std::unexpected(answer.error());
  const auto changes = parse_object(*answer);
  if (!changes) return std::unexpected(changes.error());
  const int outcome = list_of(*changes, "skipped").empty() ? kOk : kFailure;
  if (options.format == "json") {
    print("{}", *answer);
    return outcome;
  }
  Table table({"PARTITION", "FROM", "TO", "EVENTS"});
  for (const json::value& value : list_of(*changes, "changes")) {
    const json::object& change = as_object(value);
    const auto events = integer_of(change, "events");
    const std::string effect =
        events < 0   ? fmt::format("{} again", grouped(static_cast<std::uint64_t>(-events)))
        : events > 0 ? fmt::format("{} passed over", grouped(static_cast<std::uint64_t>(events)))
                     : "none";
    table.add({std::to_string(count_of(change, "partition")),
               std::to_string(integer_of(change, "from")), std::to_string(integer_of(change, "to")),
               effect});
  }
  print("{}{}", table.text(), options.dry_run ? "nothing was changed (--dry-run)\n" : "");
  print_skipped(*changes);
  return outcome;
}

}  // namespace

void add_offsets(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("offsets", "where bindings stand, and moving them");
  group->require_subcommand(1);
  group->footer("Example: pelton offsets seek bill --to-time 2026-11-23T10:00:00Z --dry-run");
  auto options = std::make_shared<OffsetsOptions>();
  auto* command = group->add_subcommand("list", "cursors and lag, a line a partition");
  command->add_option("BINDING", options->binding, "only this binding or sink");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton offsets list bill");
  command->callback([&chosen, options] { chosen = [options] { return list(*options); }; });
  command = group->add_subcommand("seek", "continue a binding elsewhere; safe while it runs");
  command->add_option("BINDING", options->binding, "binding or sink")->required();
  command->add_option("--to-offset", options->to_offset, "this offset")->check(check_count);
  command
      ->add_option("--to-time", options->to_time,
                   "the first event at or after this time (RFC 3339)")
      ->check(check_time);
  command->add_flag("--to-earliest", options->to_earliest, "the first event that is stored");
  command->add_flag("--to-latest", options->to_latest, "behind the last event");
  command->add_option("--by", options->by, "so many events forward, or back (negative)")
      ->check(check_integer);
  command->add_option("--partition", options->partition, "this partition only")
      ->check(check_partition);
  command->add_flag("--yes", options->yes, "do not ask before events are passed over");
  command->add_flag("--dry-run", options->dry_run,
                    "show from -> to and how many events, change nothing");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton offsets seek bill --by -100 --partition 0 --dry-run");
  command->callback([&chosen, options] { chosen = [options] { return seek(*options); }; });
}

}  // namespace pelton::cli
