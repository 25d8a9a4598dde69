// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/plan_text.h"
#include "engine/cli/print.h"
#include "engine/cli/registry.h"
#include "engine/config/config_text.h"
#include "engine/config/plan_json.h"

#include <CLI/App.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace pelton::cli {
namespace {

struct PlanOptions {
  EngineAddress address;
  std::vector<std::string> before;
  std::vector<std::string> files;
  std::string format = "text";
  bool exit_code = false;
};

// From one config to the other, without an engine.
std::string compare(const Files& before, const Files& after) {
  auto old = load_config(before);
  if (!old.config)
    return config::to_json(
        config::Review{"invalid", config::shown_names(before), std::move(old.problems), {}, {}});
  auto now = load_config(after);
  if (!now.config)
    return config::to_json(
        config::Review{"invalid", config::shown_names(after), std::move(now.problems), {}, {}});
  return config::to_json(config::review(config::shown_names(after), std::move(now.problems),
                                        config::plan(*old.config, *now.config, kinds())));
}

// Also the pipe of <(...), whose name means nothing to the engine. What is not there is the
// engine's to say: it may see other folders.
bool irregular(const std::string& file) {
  std::error_code ignored;
  const auto status = std::filesystem::status(file, ignored);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

// From what the engine runs to the files, which the engine reads; none: its own.
Result<std::string> ask(const PlanOptions& options) {
  if (std::ranges::find(options.files, config::kStandardInput) != options.files.end())
    return fail(ErrorKind::invalid, "E5004",
                "the engine cannot read the standard input of this command: name a file, or "
                "compare with a file (--from)");
  if (const auto stream = std::ranges::find_if(options.files, irregular);
      stream != options.files.end())
    return fail(ErrorKind::invalid, "E5004",
                "{} is not a regular file, and the engine reads no others: save it to a file, or "
                "compare with a file (--from)",
                *stream);
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  std::string target = "/v1/config/plan";
  for (const std::string& file : options.files)
    target += fmt::format("{}file={}", &file == &options.files.front() ? "?" : "&",
                          url_encoded(config::absolute_file(file).string()));
  return (*client)->review("GET", target);
}

Result<int> plan(const PlanOptions& options) {
  if (!options.before.empty() && options.files.empty())
    return fail(ErrorKind::invalid, "E5004", "--from needs a new config to compare with");
  const auto answer = options.before.empty()
                          ? ask(options)
                          : compare({options.before.begin(), options.before.end()},
                                    {options.files.begin(), options.files.end()});
  if (!answer) return std::unexpected(answer.error());
  const auto review = parse_object(*answer);
  if (!review) return std::unexpected(review.error());
  if (options.format == "json") {
    print("{}{}", *answer, answer->ends_with('\n') ? "" : "\n");
  } else {
    print_problems(*review);
    print_changes(*review);
    print_refusals(*review);
    if (text_of(*review, "outcome") == "unchanged") print("no changes\n");
  }
  if (options.exit_code && text_of(*review, "outcome") == "changes") return kChanges;
  return exit_code_of(*review);
}

}  // namespace

void add_plan(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("plan", "show what a new config file would change");
  auto options = std::make_shared<PlanOptions>();
  command->add_option("NEW", options->files,
                      "new config file; the sections of several are merged (default: the engine's "
                      "own as they are now)");
  command
      ->add_option("--from", options->before,
                   "old config file: compares with it instead of with what an engine runs; may be "
                   "repeated")
      ->allow_extra_args(false);
  command->add_flag("--exit-code", options->exit_code, "exit with 7 when there are changes");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "+ added, - removed, ~ changed, ! restarted because a part that it uses changes. Secrets\n"
      "and values from the environment are not shown. Nothing is applied: see `pelton reload`.\n"
      "Exit code 3 when a file is invalid, 6 when a change needs a restart of the engine.\n"
      "Example: pelton plan new.yaml --config pelton.yaml\n"
      "         pelton plan --from old.yaml new.yaml");
  command->callback([&chosen, options] { chosen = [options] { return plan(*options); }; });
}

}  // namespace pelton::cli
