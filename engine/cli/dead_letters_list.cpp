// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/dead_letter_commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/http/ndjson.h"
#include "engine/observe/log.h"

#include <algorithm>

namespace pelton::cli {
namespace {

using observe::log::escaped;

constexpr std::size_t kShownError = 100;
constexpr std::size_t kShownEvent = 1000;

void print_attempt(const json::object& attempt) {
  print("  attempt {} at {} on {}: {}\n", count_of(attempt, "number"), text_of(attempt, "time"),
        text_of(attempt, "worker"), text_of(attempt, "cause"));
  const std::string type = text_of(attempt, "type");
  print("    {}{}{}\n", escaped(type), type.empty() ? "" : ": ",
        escaped(text_of(attempt, "message")));
  print("{}", indented("    | ", text_of(attempt, "stack")));
}

// The event as the engine wrote it, numbers and all.
std::string event_text(std::string_view letter) {
  const auto members = http::json_members(letter);
  if (members)
    for (const http::JsonMember& member : *members)
      if (member.name == "event") return shortened(member.value, kShownEvent);
  return {};
}

}  // namespace

std::string letter_query(const LetterOptions& options) {
  std::string out = "?";
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}={}&", name, url_encoded(value));
  };
  add("binding", options.binding);
  add("reason", options.reason);
  add("contains", options.contains);
  add("since", options.since);
  add("until", options.until);
  if (options.partition) add("partition", std::to_string(*options.partition));
  return out;
}

std::string letter_target(std::string_view id) {
  std::string target = "/v1/dead-letters";
  for (std::size_t begin = 0; begin <= id.size();) {
    const std::size_t end = std::min(id.find('/', begin), id.size());
    target += "/" + url_encoded(id.substr(begin, end - begin));
    begin = end + 1;
  }
  return target;
}

Result<std::uint64_t> count_letters(Client& client, const LetterOptions& options) {
  auto answer = client.get("/v1/dead-letters/count" + letter_query(options));
  if (!answer) return std::unexpected(answer.error());
  const auto object = parse_object(*answer);
  if (!object) return std::unexpected(object.error());
  return count_of(*object, "count");
}

Result<int> list_letters(const LetterOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  Table table({"ID", "TIME", "REASON", "ATTEMPTS", "REPLAYS", "KEY", "ERROR"});
  std::uint64_t shown = 0;
  const std::string target =
      fmt::format("/v1/dead-letters{}limit={}", letter_query(options), options.limit);
  auto read = (*client)->lines(target, [&](std::string_view line) {
    ++shown;
    if (options.format == "json") {
      print("{}\n", line);
      return true;
    }
    const auto letter = parse_object(line);
    if (!letter) return false;
    table.add({text_of(*letter, "id"), text_of(*letter, "time"), text_of(*letter, "reason"),
               std::to_string(count_of(*letter, "attempts")),
               std::to_string(count_of(*letter, "replays")),
               shortened(text_of(object_of(*letter, "event"), "key"), kShownError),
               shortened(text_of(*letter, "error"), kShownError)});
    return true;
  });
  if (!read) return std::unexpected(read.error());
  if (options.format == "json") return kOk;
  if (shown == 0) {
    print("no dead letters\n");
    return kOk;
  }
  const auto total = count_letters(**client, options);
  if (!total) return std::unexpected(total.error());
  print("{}{} of {} dead letters; `pelton dead-letters show ID` tells the whole story of one\n",
        table.text(), grouped(shown), grouped(*total));
  return kOk;
}

Result<int> show_letter(const LetterOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  auto answer = (*client)->get(letter_target(options.id));
  if (!answer) return std::unexpected(answer.error());
  if (options.format == "json") {
    print("{}", *answer);
    return kOk;
  }
  const auto letter = parse_object(*answer);
  if (!letter) return std::unexpected(letter.error());
  const std::string id = escaped(text_of(*letter, "id"));
  print(
      "dead letter {}\n  reason    {}\n  since     {}\n  function  {}\n  replays   {}\n  "
      "idempotency key {}\n",
      id, text_of(*letter, "reason"), text_of(*letter, "time"), text_of(*letter, "function"),
      count_of(*letter, "replays"), escaped(text_of(*letter, "idempotency_key")));
  for (const json::value& attempt : list_of(*letter, "history")) print_attempt(as_object(attempt));
  print("event\n  {}\n", escaped(event_text(*answer)));
  const std::string function = text_of(*letter, "function");
  print("Once the cause is fixed{}: pelton dead-letters replay {}\n",
        function.empty() ? "" : " (new code: pelton functions restart " + function + ")", id);
  return kOk;
}

Result<int> export_letters(const LetterOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  const auto total = count_letters(**client, options);
  if (!total) return std::unexpected(total.error());
  ProgressBar bar("export", *total);
  const std::string target =
      fmt::format("/v1/dead-letters{}limit={}", letter_query(options), UINT64_MAX);
  auto read = (*client)->lines(target, [&](std::string_view line) {
    print("{}\n", line);
    bar.advance(1);
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return kOk;
}

}  // namespace pelton::cli
