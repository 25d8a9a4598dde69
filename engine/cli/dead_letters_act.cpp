// SPDX-License-Identifier: Apache-2.0
// Replaying and purging: what acts on one dead letter, or on all that match.
#include "engine/cli/dead_letter_commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <span>
#include <thread>

namespace pelton::cli {
namespace {

// Ids of one request.
constexpr std::size_t kChunk = 100;

struct Letter {
  std::string id;
  std::uint64_t replays = 0;  // how often it has failed again
};

Result<Letter> one_letter(Client& client, const std::string& id) {
  auto answer = client.get(letter_target(id));
  if (!answer) return std::unexpected(answer.error());
  const auto letter = parse_object(*answer);
  if (!letter) return std::unexpected(letter.error());
  return Letter{text_of(*letter, "id"), count_of(*letter, "replays")};
}

// The one that is named, or all that match, as they are now.
Result<std::vector<Letter>> matching(Client& client, const LetterOptions& options) {
  std::vector<Letter> all;
  if (!options.id.empty()) {
    auto letter = one_letter(client, options.id);
    // It is there, and whoever only removes it need not read it.
    if (!letter && letter.error().code == "E4001") letter = Letter{options.id};
    if (!letter) return std::unexpected(letter.error());
    all.push_back(std::move(*letter));
    return all;
  }
  const std::string target =
      fmt::format("/v1/dead-letters{}limit={}&brief=true", letter_query(options), UINT64_MAX);
  auto read = client.lines(target, [&](std::string_view line) {
    const auto letter = parse_object(line);
    if (letter) all.push_back({text_of(*letter, "id"), count_of(*letter, "replays")});
    return letter.has_value();
  });
  if (!read) return std::unexpected(read.error());
  return all;
}

using Totals = std::map<std::string, std::uint64_t>;

// Why nothing is done for a letter: what its function says that cannot start a worker. Empty when
// it can, or when the engine does not say.
std::string why_waiting(Client& client, const Letter& letter) {
  const auto answer = client.get("/v1/status");
  if (!answer) return {};
  const auto status = parse_object(*answer);
  if (!status) return {};
  const std::string binding = letter.id.substr(0, letter.id.find('/'));
  std::string function;
  for (const json::value& each : list_of(*status, "bindings"))
    if (text_of(as_object(each), "name") == binding)
      function = text_of(as_object(each), "function");
  for (const json::value& each : list_of(*status, "functions"))
    if (text_of(as_object(each), "name") == function)
      return text_of(as_object(each), "start_error");
  return {};
}

// Tells on standard error what is waited for, each reason once.
class WaitingWords {
 public:
  void nothing_settled(Client& client, const Letter& letter) {
    const auto now = std::chrono::steady_clock::now();
    if (now < look_at_) return;
    look_at_ = now + kLookEvery;
    std::string why = why_waiting(client, letter);
    if (why.empty() || why == said_) return;
    note(
        "{}waiting: the function cannot start a worker (fix it; the replay continues "
        "automatically):\n{}",
        terminal(STDERR_FILENO) ? "\n" : "", indented("  ", why));
    said_ = std::move(why);
  }

 private:
  static constexpr auto kLookEvery = std::chrono::seconds(1);
  std::chrono::steady_clock::time_point look_at_ = std::chrono::steady_clock::now() + kLookEvery;
  std::string said_;
};

// Waits while the engine has as many to replay as it holds.
Result<std::string> post_ids(Client& client, const std::string& route, const std::string& body,
                             const Letter& first, WaitingWords& words) {
  for (;;) {
    auto answer = client.post("/v1/dead-letters/" + route, body);
    if (answer || answer.error().code != "E5010") return answer;
    words.nothing_settled(client, first);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Sends the ids to a route in chunks, at most `rate` a second (0: as fast as it goes); adds up what
// the answers count.
Status send_ids(Client& client, const std::vector<Letter>& all, const std::string& route,
                double rate, Totals& totals, WaitingWords& words) {
  ProgressBar bar(route, all.size());
  const auto tenth = static_cast<std::size_t>(std::min(rate / 10, 1e6));
  const std::size_t chunk = rate > 0 ? std::clamp<std::size_t>(tenth, 1, kChunk) : kChunk;
  for (std::size_t at = 0; at < all.size(); at += chunk) {
    const auto begin = std::chrono::steady_clock::now();
    json::array part;
    for (std::size_t i = at; i < std::min(all.size(), at + chunk); ++i)
      part.emplace_back(all[i].id);
    const auto answer =
        post_ids(client, route, json::serialize(json::object{{"ids", part}}), all[at], words);
    if (!answer) return std::unexpected(answer.error());
    const auto counts = parse_object(*answer);
    if (!counts) return std::unexpected(counts.error());
    for (const auto& [name, value] : *counts)
      totals[std::string(name)] += count_of(*counts, std::string_view(name.data(), name.size()));
    bar.advance(part.size());
    if (rate > 0 && at + chunk < all.size())
      std::this_thread::sleep_until(
          begin + std::chrono::duration<double>(static_cast<double>(part.size()) / rate));
  }
  return {};
}

// Of these letters those that are still there, with how often they have failed.
Result<std::map<std::string, std::uint64_t>> still_there(Client& client,
                                                         std::span<const Letter> letters) {
  json::array ids;
  for (const Letter& letter : letters) ids.emplace_back(letter.id);
  auto answer =
      client.post("/v1/dead-letters/find", json::serialize(json::object{{"ids", std::move(ids)}}));
  if (!answer) return std::unexpected(answer.error());
  const auto object = parse_object(*answer);
  if (!object) return std::unexpected(object.error());
  std::map<std::string, std::uint64_t> found;
  for (const json::value& letter : list_of(*object, "letters"))
    found[text_of(as_object(letter), "id")] = count_of(as_object(letter), "replays");
  return found;
}

// Waits until every letter is gone or has failed again; answers how many have. They are looked at
// in their order, which is about that of their replays.
Result<std::uint64_t> wait_for(Client& client, const std::vector<Letter>& all,
                               WaitingWords& words) {
  ProgressBar bar("settled", all.size());
  std::uint64_t failed = 0;
  for (std::size_t at = 0; at < all.size(); at += kChunk) {
    const auto part = std::span(all).subspan(at, std::min(kChunk, all.size() - at));
    for (std::vector<Letter> waiting(part.begin(), part.end());;) {
      const auto there = still_there(client, waiting);
      if (!there) return std::unexpected(there.error());
      const std::size_t settled = std::erase_if(waiting, [&](const Letter& before) {
        const auto now = there->find(before.id);
        const bool again = now != there->end() && now->second > before.replays;
        failed += again ? 1 : 0;
        return again || now == there->end();
      });
      bar.advance(settled);
      if (waiting.empty()) break;
      if (settled == 0) words.nothing_settled(client, waiting.front());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return failed;
}

void announce(const LetterOptions& options, std::size_t count, const char* verb) {
  if (options.format == "text")
    print("{} dead letter{} {} {}\n", grouped(count), count == 1 ? "" : "s",
          options.dry_run ? "would be" : "to be", verb);
  flush_out();
}

void print_replayed(const LetterOptions& options, std::size_t matching_now, Totals& totals,
                    std::uint64_t failed, bool gone_on) {
  if (options.format == "json")
    print("{{\"matching\":{},\"accepted\":{},\"missing\":{},\"running\":{},\"failed_again\":{}}}\n",
          matching_now, totals["accepted"], totals["missing"], totals["running"], failed);
  else if (gone_on && options.wait)
    print("{} done, {} failed again\n",
          grouped(totals["accepted"] - std::min(failed, totals["accepted"])), grouped(failed));
  else if (gone_on)
    print("{} are being replayed ({} were already); those that succeed leave the list\n",
          grouped(totals["accepted"]), grouped(totals["running"]));
}

}  // namespace

Result<int> replay_letters(const LetterOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  const auto all = matching(**client, options);
  if (!all) return std::unexpected(all.error());
  announce(options, all->size(), "replayed");
  const bool ask = options.id.empty() && !options.yes && terminal(STDIN_FILENO);
  const bool wanted = !all->empty() && !options.dry_run;
  const bool go = wanted && (!ask || confirm("Continue?"));
  Totals totals;
  WaitingWords words;
  std::uint64_t failed = 0;
  if (go) {
    if (auto ok = send_ids(**client, *all, "replay", options.rate, totals, words); !ok)
      return std::unexpected(ok.error());
    if (!options.id.empty() && totals["running"] > 0)
      return fail(ErrorKind::invalid, "E5007", "{} is being replayed already", options.id);
    if (options.wait) {
      const auto again = wait_for(**client, *all, words);
      if (!again) return std::unexpected(again.error());
      failed = *again;
    }
  }
  print_replayed(options, all->size(), totals, failed, go);
  return failed > 0 || go != wanted ? kFailure : kOk;
}

Result<int> purge_letters(const LetterOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  const auto all = matching(**client, options);
  if (!all) return std::unexpected(all.error());
  announce(options, all->size(), "removed for good");
  const bool wanted = !all->empty() && !options.dry_run;
  const bool ask = wanted && !options.yes;
  if (ask && !terminal(STDIN_FILENO))
    return fail(ErrorKind::invalid, "E5004",
                "purging needs --yes, because standard input is not a terminal");
  const bool go = wanted && (!ask || confirm("Remove for good?"));
  Totals totals;
  WaitingWords words;
  if (go)
    if (auto ok = send_ids(**client, *all, "purge", 0, totals, words); !ok)
      return std::unexpected(ok.error());
  if (options.format == "json")
    print("{{\"matching\":{},\"purged\":{}}}\n", all->size(), totals["purged"]);
  else if (go)
    print("{} removed\n", grouped(totals["purged"]));
  return go == wanted ? kOk : kFailure;
}

}  // namespace pelton::cli
