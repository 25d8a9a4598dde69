// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/plan_text.h"
#include "engine/cli/registry.h"
#include "engine/config/plan_json.h"

#include <CLI/App.hpp>

#include <filesystem>
#include <memory>

namespace pelton::cli {
namespace {

struct PlanOptions {
  EngineAddress address;
  std::vector<std::string> files;
  std::string format = "text";
  bool exit_code = false;
};

// From one file to the other, without an engine.
std::string compare(const std::string& before, const std::string& after) {
  auto old = load_config(before);
  if (!old.config)
    return config::to_json(config::Review{"invalid", before, std::move(old.problems), {}, {}});
  auto now = load_config(after);
  if (!now.config)
    return config::to_json(config::Review{"invalid", after, std::move(now.problems), {}, {}});
  return config::to_json(config::review(after, std::move(now.problems),
                                        config::plan(*old.config, *now.config, kinds())));
}

// From what the engine runs to the file, which the engine reads; none: its own.
Result<std::string> ask(const PlanOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  std::string target = "/v1/config/plan";
  if (!options.files.empty())
    target += "?file=" + url_encoded(std::filesystem::absolute(options.files.front()).string());
  return (*client)->review("GET", target);
}

Result<int> plan(const PlanOptions& options) {
  const auto answer = options.files.size() == 2
                          ? compare(options.files.front(), options.files.back())
                          : ask(options);
  if (!answer) return std::unexpected(answer.error());
  const auto review = parse_object(*answer);
  if (!review) return std::unexpected(review.error());
  if (options.format == "json") {
    fmt::print("{}{}", *answer, answer->ends_with('\n') ? "" : "\n");
  } else {
    print_problems(*review);
    print_changes(*review);
    print_refusals(*review);
    if (text_of(*review, "outcome") == "unchanged") fmt::print("no changes\n");
  }
  if (options.exit_code && text_of(*review, "outcome") == "changes") return kChanges;
  return exit_code_of(*review);
}

}  // namespace

void add_plan(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("plan", "show what a new config file would change");
  auto options = std::make_shared<PlanOptions>();
  command
      ->add_option("FILES", options->files,
                   "NEW: compared with what the engine runs; OLD NEW: compared with each other; "
                   "none: the engine's own file as it is now")
      ->expected(0, 2);
  command->add_flag("--exit-code", options->exit_code, "exit with 7 when there are changes");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "+ added, - removed, ~ changed, ! restarted because a part that it uses changes. Secrets\n"
      "and values from the environment are not shown. Nothing is applied: see `pelton reload`.\n"
      "Exit code 3 when a file is invalid, 6 when a change needs a restart of the engine.\n"
      "Example: pelton plan new.yaml --config pelton.yaml");
  command->callback([&chosen, options] { chosen = [options] { return plan(*options); }; });
}

}  // namespace pelton::cli
