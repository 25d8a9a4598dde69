// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kPage = 500;

struct Options {
  EngineAddress address;
  std::string format = "text";
  std::string id;
  std::string binding, reason, contains, since, until;
  int partition = -1;
  std::uint64_t limit = 100;
  bool dry_run = false;
  bool yes = false;
  bool wait = false;
  double rate = 0;
};
using OptionsPtr = std::shared_ptr<Options>;  // owned by the command's callbacks together

std::string query(const Options& options) {
  std::string out = "?";
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}={}&", name, url_encoded(value));
  };
  add("binding", options.binding);
  add("reason", options.reason);
  add("contains", options.contains);
  add("since", options.since);
  add("until", options.until);
  if (options.partition >= 0) add("partition", std::to_string(options.partition));
  return out;
}

std::string member(const json::object& object, const char* name) {
  const json::value* at = object.if_contains(name);
  return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}

std::string count_text(const json::object& object, const char* name) {
  return std::to_string(object.at(name).to_number<std::uint64_t>());
}

// Calls visit(line) for each matching letter, oldest id first, until it returns false.
Status each_letter(Client& client, const Options& options,
                   const std::function<bool(const std::string&)>& visit) {
  std::string after;
  for (;;) {
    const std::string from = after.empty() ? "" : "after=" + url_encoded(after) + "&";
    auto answer =
        client.get(fmt::format("/v1/dead-letters{}{}limit={}", query(options), from, kPage));
    if (!answer) return std::unexpected(answer.error());
    std::string_view lines = answer->body;
    std::size_t seen = 0;
    while (!lines.empty()) {
      const std::string line(lines.substr(0, lines.find('\n')));
      lines.remove_prefix(line.size() + 1);
      after = member(json::parse(line).as_object(), "id");
      ++seen;
      if (!visit(line)) return {};
    }
    if (seen < kPage) return {};
  }
}

Result<std::vector<std::string>> ids(Client& client, const Options& options) {
  if (!options.id.empty()) return std::vector<std::string>{options.id};
  std::vector<std::string> all;
  auto read = each_letter(client, options, [&](const std::string& line) {
    all.push_back(member(json::parse(line).as_object(), "id"));
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return all;
}

int list(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  Table table({"ID", "TIME", "REASON", "ATTEMPTS", "REPLAYS", "KEY", "ERROR"});
  std::uint64_t shown = 0;
  auto read = each_letter(**client, options, [&](const std::string& line) {
    if (options.format == "json") {
      fmt::print("{}\n", line);
    } else {
      const json::value value = json::parse(line);
      const json::object& letter = value.as_object();
      table.add({member(letter, "id"), member(letter, "time"), member(letter, "reason"),
                 count_text(letter, "attempts"), count_text(letter, "replays"),
                 member(letter.at("event").as_object(), "key"),
                 member(letter, "error").substr(0, 100)});
    }
    return ++shown < options.limit;
  });
  if (!read) return complain(read.error());
  if (options.format == "json") return kOk;
  auto total = (*client)->get("/v1/dead-letters/count" + query(options));
  if (!total) return complain(total.error());
  if (shown == 0) {
    fmt::print("no dead letters\n");
    return kOk;
  }
  fmt::print(
      "{}{} of {} dead letters; `pelton dead-letters show ID` tells the whole story of one\n",
      table.text(), grouped(shown), count_text(json::parse(total->body).as_object(), "count"));
  return kOk;
}

void print_attempt(const json::object& attempt) {
  fmt::print("  attempt {} at {} on {}: {}\n", count_text(attempt, "number"),
             member(attempt, "time"), member(attempt, "worker"), member(attempt, "cause"));
  fmt::print("    {}: {}\n", observe::log::escaped(member(attempt, "type")),
             observe::log::escaped(member(attempt, "message")));
  std::string_view stack;
  const std::string text = member(attempt, "stack");
  stack = text;
  while (!stack.empty()) {
    const auto line = stack.substr(0, stack.find('\n'));
    fmt::print("    | {}\n", observe::log::escaped(line));
    stack.remove_prefix(std::min(stack.size(), line.size() + 1));
  }
}

int show(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  auto answer = (*client)->get("/v1/dead-letters/" + options.id);
  if (!answer) return complain(answer.error());
  if (options.format == "json") {
    fmt::print("{}", answer->body);
    return kOk;
  }
  const json::value value = json::parse(answer->body);
  const json::object& letter = value.as_object();
  fmt::print(
      "dead letter {}\n  reason    {}\n  since     {}\n  function  {}\n  replays   {}\n  "
      "idempotency key {}\n",
      member(letter, "id"), member(letter, "reason"), member(letter, "time"),
      member(letter, "function"), count_text(letter, "replays"),
      observe::log::escaped(member(letter, "idempotency_key")));
  for (const json::value& attempt : letter.at("history").as_array())
    print_attempt(attempt.as_object());
  fmt::print("event\n  {}\n", json::serialize(letter.at("event")).substr(0, 1000));
  fmt::print("Once the cause is mended: pelton dead-letters replay {}\n", member(letter, "id"));
  return kOk;
}

// Sends the ids to a route in chunks, at most `rate` a second; adds up what the answers count under
// `names`.
Status send_ids(Client& client, const std::vector<std::string>& all, const std::string& route,
                double rate, std::map<std::string, std::uint64_t>& totals) {
  ProgressBar bar(route, all.size());
  const std::size_t chunk =
      rate > 0 ? std::max<std::size_t>(
                     1, std::min<std::size_t>(100, static_cast<std::size_t>(rate / 10)))
               : 100;
  for (std::size_t at = 0; at < all.size(); at += chunk) {
    const auto begin = std::chrono::steady_clock::now();
    json::array part;
    for (std::size_t i = at; i < std::min(all.size(), at + chunk); ++i) part.emplace_back(all[i]);
    auto answer =
        client.post("/v1/dead-letters/" + route, json::serialize(json::object{{"ids", part}}));
    if (!answer) return std::unexpected(answer.error());
    const json::value counts = json::parse(answer->body);
    for (const auto& [name, value] : counts.as_object())
      totals[std::string(name)] += value.to_number<std::uint64_t>();
    bar.advance(part.size());
    if (rate > 0 && at + chunk < all.size())
      std::this_thread::sleep_until(
          begin + std::chrono::duration<double>(static_cast<double>(part.size()) / rate));
  }
  return {};
}

// Waits until every letter is gone or has failed again; answers how many have.
Result<std::uint64_t> wait_for(Client& client, const std::vector<std::string>& all,
                               const std::map<std::string, std::uint64_t>& replays_before) {
  std::uint64_t failed = 0;
  for (const std::string& id : all)
    for (;;) {
      auto answer = client.get("/v1/dead-letters/" + id);
      if (!answer && answer.error().code == "E5001") break;
      if (!answer) return std::unexpected(answer.error());
      const json::value letter = json::parse(answer->body);
      if (letter.as_object().at("replays").to_number<std::uint64_t>() > replays_before.at(id)) {
        ++failed;
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  return failed;
}

Result<std::map<std::string, std::uint64_t>> replay_counts(Client& client,
                                                           const std::vector<std::string>& all) {
  std::map<std::string, std::uint64_t> counts;
  for (const std::string& id : all) {
    auto answer = client.get("/v1/dead-letters/" + id);
    if (!answer && answer.error().code != "E5001") return std::unexpected(answer.error());
    counts[id] =
        answer ? json::parse(answer->body).as_object().at("replays").to_number<std::uint64_t>() : 0;
  }
  return counts;
}

// The ids to act on; counts them first, and asks on a terminal when they are many.
Result<std::vector<std::string>> chosen_ids(Client& client, const Options& options,
                                            const char* verb, bool& go) {
  auto all = ids(client, options);
  if (!all) return all;
  go = !all->empty() && !options.dry_run;
  if (options.format == "text")
    fmt::print("{} dead letters {}{}\n", grouped(all->size()),
               options.dry_run ? "would be " : "to be ", verb);
  if (go && options.id.empty() && !options.yes && terminal(0)) go = confirm("Go on?");
  return all;
}

int replay(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  bool go = false;
  auto all = chosen_ids(**client, options, "replayed", go);
  if (!all) return complain(all.error());
  std::map<std::string, std::uint64_t> totals{{"accepted", 0}, {"missing", 0}, {"running", 0}};
  std::uint64_t failed = 0;
  if (go) {
    auto before = replay_counts(**client, options.wait ? *all : std::vector<std::string>{});
    if (!before) return complain(before.error());
    if (auto ok = send_ids(**client, *all, "replay", options.rate, totals); !ok)
      return complain(ok.error());
    if (!options.id.empty() && totals["missing"] > 0)
      return complain({ErrorKind::invalid, "E5001", "no dead letter \"" + options.id + "\""});
    if (options.wait) {
      auto again = wait_for(**client, *all, *before);
      if (!again) return complain(again.error());
      failed = *again;
    }
  }
  if (options.format == "json")
    fmt::print(
        "{{\"matching\":{},\"accepted\":{},\"missing\":{},\"running\":{},\"failed_again\":{}}}\n",
        all->size(), totals["accepted"], totals["missing"], totals["running"], failed);
  else if (go && options.wait)
    fmt::print("{} done, {} failed again\n", grouped(totals["accepted"] - failed), grouped(failed));
  else if (go)
    fmt::print("{} are being replayed ({} were already); those that succeed leave the list\n",
               grouped(totals["accepted"]), grouped(totals["running"]));
  return failed > 0 ? kFailure : kOk;
}

int purge(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  bool go = false;
  auto all = chosen_ids(**client, options, "removed for good", go);
  if (!all) return complain(all.error());
  if (go && !options.yes && !terminal(0))
    return complain(
        {ErrorKind::invalid, "E5004", "purging asks for --yes when no terminal is there"});
  std::map<std::string, std::uint64_t> totals{{"purged", 0}};
  if (go)
    if (auto ok = send_ids(**client, *all, "purge", 0, totals); !ok) return complain(ok.error());
  if (options.format == "json")
    fmt::print("{{\"matching\":{},\"purged\":{}}}\n", all->size(), totals["purged"]);
  else if (go)
    fmt::print("{} removed\n", grouped(totals["purged"]));
  return kOk;
}

int export_letters(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  auto read = each_letter(**client, options, [](const std::string& line) {
    fmt::print("{}\n", line);
    return true;
  });
  return read ? static_cast<int>(kOk) : complain(read.error());
}

void add_filters(CLI::App& command, Options& options) {
  command.add_option("--binding", options.binding, "of this binding or sink");
  command.add_option("--reason", options.reason,
                     "attempts, failed, worker_killer, max_age or too_large");
  command.add_option("--contains", options.contains, "in the last error or the key");
  command.add_option("--since", options.since, "that became one at or after this time (RFC 3339)");
  command.add_option("--until", options.until, "... before this time");
  command.add_option("--partition", options.partition, "of this partition");
}

OptionsPtr add(CLI::App& parent, Run& chosen, const char* name, const char* what,
               int (*run)(const Options&)) {
  auto* command = parent.add_subcommand(name, what);
  auto options = std::make_shared<Options>();
  add_address(*command, options->address);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return options;
}

}  // namespace

void add_dead_letters(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("dead-letters",
                                   "events that ended in failure: browse, replay, export, purge");
  group->require_subcommand(1);
  group->footer("Example: pelton dead-letters list --binding make-thumbnails");
  auto options = add(*group, chosen, "list", "the dead letters, a line each", list);
  auto* command = group->get_subcommand("list");
  add_filters(*command, *options);
  add_format(*command, options->format);
  command->add_option("--limit", options->limit, "most that are shown");
  options = add(*group, chosen, "show", "one with its whole history", show);
  command = group->get_subcommand("show");
  command->add_option("ID", options->id, "BINDING/PARTITION/OFFSET")->required();
  add_format(*command, options->format);
  options =
      add(*group, chosen, "replay", "deliver again; those that succeed leave the list", replay);
  command = group->get_subcommand("replay");
  command->add_option("ID", options->id, "one; without it all that match");
  add_filters(*command, *options);
  add_format(*command, options->format);
  command->add_flag("--dry-run", options->dry_run, "only count");
  command->add_flag("--yes", options->yes, "do not ask");
  command->add_flag("--wait", options->wait, "until each is done or has failed again");
  command->add_option("--rate", options->rate, "at most so many a second");
  command->footer(
      "Example: pelton dead-letters replay --binding bill --contains Timeout --rate 50 --wait");
  options = add(*group, chosen, "export", "all that match, as NDJSON", export_letters);
  add_filters(*group->get_subcommand("export"), *options);
  options = add(*group, chosen, "purge", "remove for good", purge);
  command = group->get_subcommand("purge");
  command->add_option("ID", options->id, "one; without it all that match");
  add_filters(*command, *options);
  add_format(*command, options->format);
  command->add_flag("--dry-run", options->dry_run, "only count");
  command->add_flag("--yes", options->yes, "do not ask");
}

}  // namespace pelton::cli
