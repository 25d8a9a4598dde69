// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/plan_text.h"
#include "engine/cli/print.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>

#include <algorithm>
#include <memory>

namespace pelton::cli {
namespace {

struct ReloadOptions {
  EngineAddress address;
  std::string format = "text";
};

void print_outcome(const json::object& review) {
  const std::string outcome = text_of(review, "outcome");
  print_review(review);
  if (outcome == "applied") print("reloaded {}\n", text_of(review, "file"));
  if (outcome == "unchanged") print("no changes\n");
  if (exit_code_of(review) != kOk) note_not_reloaded();
}

Result<int> reload(const ReloadOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  const auto answer = (*client)->review("POST", "/v1/config/reload");
  if (!answer) return std::unexpected(answer.error());
  const auto review = parse_object(*answer);
  if (!review) return std::unexpected(review.error());
  if (options.format == "json")
    print("{}", *answer);
  else
    print_outcome(*review);
  return exit_code_of(*review);
}

}  // namespace

void add_reload(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("reload", "apply the engine's config file as it is now");
  auto options = std::make_shared<ReloadOptions>();
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "Waits for the result. Parts that have not changed keep running; those that have drain "
      "first,\n"
      "within engine.shutdown_timeout. A file that is invalid (exit code 3), that needs a restart "
      "of the\n"
      "engine (6) or that cannot be put in service (1) changes nothing. SIGHUP does the same and\n"
      "logs the result. `pelton plan` shows the changes beforehand.\n"
      "Example: pelton reload --config pelton.yaml");
  command->callback([&chosen, options] { chosen = [options] { return reload(*options); }; });
}

}  // namespace pelton::cli
