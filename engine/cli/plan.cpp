// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/plan_text.h"
#include "engine/cli/registry.h"
#include "engine/config/plan_json.h"

#include <CLI/App.hpp>

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
Result<std::string> compare(const std::string& before, const std::string& after) {
  auto old = load_config(before);
  if (!old.config)
    return config::to_json(config::Review{"invalid", before, std::move(old.problems), {}, {}});
  auto now = load_config(after);
  if (!now.config)
    return config::to_json(config::Review{"invalid", after, std::move(now.problems), {}, {}});
  return config::to_json(config::review(
      after, std::move(now.problems), config::plan(*old.config, *now.config, connector_options())));
}

int told(const json::object& review, const PlanOptions& options) {
  const std::string outcome = text_of(review, "outcome");
  if (options.format == "text") {
    print_problems(review);
    print_changes(review);
    print_refusals(review);
    if (outcome == "unchanged") fmt::print("no changes\n");
  }
  if (outcome == "invalid") return kConfigInvalid;
  if (outcome == "refused") return kConflict;
  return options.exit_code && outcome == "changes" ? kChanges : kOk;
}

Result<int> plan(const PlanOptions& options) {
  auto answer = compare(options.files.front(), options.files.back());
  if (!answer) return std::unexpected(answer.error());
  if (options.format == "json") fmt::print("{}\n", *answer);
  const auto review = parse_object(*answer);
  if (!review) return std::unexpected(review.error());
  return told(*review, options);
}

}  // namespace

void add_plan(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("plan", "show what a new config file would change");
  auto options = std::make_shared<PlanOptions>();
  command->add_option("FILES", options->files, "the old and the new config file")
      ->required()
      ->expected(2);
  command->add_flag("--exit-code", options->exit_code, "exit with 7 when there are changes");
  add_format(*command, options->format);
  command->footer(
      "+ added, - removed, ~ changed, ! restarted because a part that it uses changes.\n"
      "Exit code 3 when a file is invalid, 6 when a running engine cannot make a change.\n"
      "Example: pelton plan old.yaml new.yaml");
  command->callback([&chosen, options] { chosen = [options] { return plan(*options); }; });
}

}  // namespace pelton::cli
