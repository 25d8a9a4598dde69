// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/dead_letter_commands.h"

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <memory>

namespace pelton::cli {
namespace {

// What is wrong with the word, or nothing: what a CLI::Validator answers.
std::string check_id(const std::string& word) {
  const auto slashes = std::ranges::count(word, '/');
  if (slashes == 2 || slashes == 3) return {};
  return "\"" + word + "\" is not BINDING/PARTITION/OFFSET or BINDING/PARTITION/OFFSET/STREAM";
}

std::string check_rate(const std::string& word) {
  double rate = 0;
  if (CLI::detail::lexical_cast(word, rate) && rate > 0) return {};
  return "\"" + word + "\" is not a number above 0";
}

void add_filters(CLI::App& command, LetterOptions& options) {
  command.add_option("--binding", options.binding, "of this binding or sink");
  command.add_option("--reason", options.reason, "why they failed")
      ->check(CLI::IsMember({"attempts", "failed", "worker_killer", "max_age", "too_large",
                             "undecodable", "damaged"}));
  command.add_option("--contains", options.contains, "in the last error or the key");
  command.add_option("--since", options.since, "that became one at or after this time (RFC 3339)")
      ->check(check_time);
  command.add_option("--until", options.until, "... before this time")->check(check_time);
  command.add_option("--partition", options.partition, "of this partition")->check(check_partition);
}

// One of them by its id, or all that match the filters.
void add_choice(CLI::App& command, LetterOptions& options) {
  auto* id = command.add_option("ID", options.id, "one; without it all that match");
  id->check(check_id);
  add_filters(command, options);
  for (const char* filter :
       {"--binding", "--reason", "--contains", "--since", "--until", "--partition"})
    id->excludes(command.get_option(filter));
  command.add_flag("--dry-run", options.dry_run, "only count");
  command.add_flag("--yes", options.yes, "do not ask");
}

struct Added {
  CLI::App& command;
  LetterOptions& options;
};

Added add(CLI::App& parent, Run& chosen, const char* name, const char* what, const char* example,
          Result<int> (*run)(const LetterOptions&)) {
  auto* command = parent.add_subcommand(name, what);
  // Shared by the callback and the command that it chooses.
  auto options = std::make_shared<LetterOptions>();
  add_address(*command, options->address);
  command->footer(std::string("Example: pelton dead-letters ") + example);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return {*command, *options};
}

}  // namespace

void add_dead_letters(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("dead-letters",
                                   "events that ended in failure: browse, replay, export, purge");
  group->require_subcommand(1);
  group->footer("Example: pelton dead-letters list --binding make-thumbnails");

  const Added list = add(*group, chosen, "list", "the dead letters, a line each",
                         "list --since 2026-11-23T10:00:00Z --contains Timeout", list_letters);
  add_filters(list.command, list.options);
  add_format(list.command, list.options.format);
  list.command.add_option("--limit", list.options.limit, "most that are shown")->check(check_limit);

  const Added show = add(*group, chosen, "show", "one with its whole history",
                         "show make-thumbnails/0/17", show_letter);
  show.command
      .add_option("ID", show.options.id,
                  "BINDING/PARTITION/OFFSET/STREAM as listed; without STREAM, of the stream that "
                  "the binding reads")
      ->required()
      ->check(check_id);
  add_format(show.command, show.options.format);

  const Added replay =
      add(*group, chosen, "replay", "deliver again; those that succeed leave the list",
          "replay --binding bill --contains Timeout --rate 50 --wait", replay_letters);
  add_choice(replay.command, replay.options);
  add_format(replay.command, replay.options.format);
  replay.command.add_flag("--wait", replay.options.wait,
                          "until each is done or has failed again (exit code 1 then)");
  replay.command.add_option("--rate", replay.options.rate, "at most so many a second")
      ->check(check_rate);

  const Added all = add(*group, chosen, "export", "all that match, as NDJSON",
                        "export --binding bill > letters.ndjson", export_letters);
  add_filters(all.command, all.options);
  add_format(all.command, all.options.format);

  const Added purge = add(*group, chosen, "purge", "remove for good",
                          "purge --binding bill --until 2026-01-01T00:00:00Z", purge_letters);
  add_choice(purge.command, purge.options);
  add_format(purge.command, purge.options.format);
}

}  // namespace pelton::cli
