// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/http/ndjson.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>
#include <fnmatch.h>
#include <unistd.h>

#include <memory>
#include <optional>

namespace pelton::cli {
namespace {

struct ConsumeOptions {
  EngineAddress address;
  std::string stream;
  std::string format = "json";
  std::string from = "earliest";
  std::optional<std::uint32_t> partition;
  bool follow = false;
  std::uint64_t limit = 0;
  std::string key;
  std::string type;
  std::string subject;

  bool filtered() const { return !key.empty() || !type.empty() || !subject.empty(); }
};

bool wanted(const json::object& event, const ConsumeOptions& options) {
  auto fits = [&](const std::string& glob, const char* name) {
    return glob.empty() || ::fnmatch(glob.c_str(), text_of(event, name).c_str(), 0) == 0;
  };
  return fits(options.key, "key") && fits(options.type, "type") && fits(options.subject, "subject");
}

// An event's data as it is; JSON exactly as it was written.
std::string data_of(std::string_view line) {
  const auto members = http::json_members(line);
  if (!members) return {};
  std::string data;
  for (const http::JsonMember& member : *members) {
    if (member.name == "data" && member.value != "null")
      data = http::is_json_string(member.value) ? http::json_string(member.value)
                                                : std::string(member.value);
    if (member.name == "data_base64") from_base64(http::json_string(member.value), data);
  }
  return data;
}

// What an event holds must not steer a terminal; elsewhere its bytes are left as they are.
std::string printable(std::string_view text) {
  return terminal(STDOUT_FILENO) ? observe::log::escaped(text) : std::string(text);
}

std::string target_of(const ConsumeOptions& options) {
  std::string target = fmt::format("/v1/streams/{}/events?from={}", url_encoded(options.stream),
                                   url_encoded(options.from));
  if (options.partition) target += fmt::format("&partition={}", *options.partition);
  if (options.follow) target += "&follow=true";
  if (options.limit > 0 && !options.filtered()) target += fmt::format("&limit={}", options.limit);
  return target;
}

Result<int> consume(const ConsumeOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  std::uint64_t left = options.limit == 0 ? UINT64_MAX : options.limit;
  Status parsed;
  const auto read = (*client)->lines(target_of(options), [&](std::string_view line) {
    if (options.filtered()) {
      const auto event = parse_object(line);
      if (!event) parsed = std::unexpected(event.error());
      if (!event || !wanted(*event, options)) return event.has_value();
    }
    print("{}\n", printable(options.format == "raw" ? data_of(line) : line));
    if (options.follow) flush_out();
    return --left > 0;
  });
  if (!parsed) return std::unexpected(parsed.error());
  if (!read) return std::unexpected(read.error());
  return kOk;
}

std::string check_from(const std::string& word) {
  if (word == "earliest" || word == "latest") return {};
  if (!word.empty() && word.find_first_not_of("0123456789") == std::string::npos) return {};
  return check_time(word).empty()
             ? ""
             : fmt::format("\"{}\" is not earliest, latest, an offset or a time (RFC 3339)", word);
}

}  // namespace

void add_consume(CLI::App& app, Run& chosen) {
  auto* command =
      app.add_subcommand("consume", "print the events of a stream, one JSON object a line");
  auto options = std::make_shared<ConsumeOptions>();
  command->add_option("STREAM", options->stream, "stream")->required();
  command
      ->add_option("--from", options->from,
                   "earliest, latest, an offset, or a time such as 2026-11-23T10:00:00Z")
      ->check(check_from);
  command->add_option("--partition", options->partition, "this partition only")
      ->check(check_partition);
  command->add_flag("--follow", options->follow, "wait for more");
  command->add_option("--limit", options->limit, "stop after so many events")->check(check_limit);
  command->add_option("--key", options->key, "only keys that match this glob");
  command->add_option("--type", options->type, "only types that match this glob");
  command->add_option("--subject", options->subject, "only subjects that match this glob");
  command->add_option("-o,--output", options->format, "json (the event) or raw (its data)")
      ->check(CLI::IsMember({"json", "raw"}));
  add_address(*command, options->address);
  command->footer(
      "One partition after another; with --follow in turn, and order holds within each.\n"
      "Example: pelton consume thumbnails --from latest --follow");
  command->callback([&chosen, options] { chosen = [options] { return consume(*options); }; });
}

}  // namespace pelton::cli
