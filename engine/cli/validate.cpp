// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/output.h"
#include "engine/cli/registry.h"
#include "engine/cli/sdk_folder.h"
#include "engine/runtime/online_check.h"

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <memory>

namespace pelton::cli {
namespace {

struct ValidateOptions {
  std::string file;
  std::string format = "text";
  bool deny_warnings = false;
  bool online = false;
};

void print_json(const config::Loaded& loaded, bool valid) {
  boost::json::array problems;
  for (const config::Diagnostic& p : loaded.problems)
    problems.push_back({{"line", p.place.line},
                        {"column", p.place.column},
                        {"code", p.code},
                        {"severity", p.severity == config::Severity::error ? "error" : "warning"},
                        {"message", p.message}});
  fmt::print("{}\n",
             boost::json::serialize(boost::json::object{{"valid", valid}, {"problems", problems}}));
}

bool engine_runs(const config::Config& config) {
  const auto client = Client::connect({.data = config.engine.data.string()});
  return client && (*client)->get("/v1/status");
}

// What the surroundings say, behind what the file itself says.
void add_online(config::Loaded& loaded) {
  const auto connectors = builtin_connectors();
  const runtime::OnlineCheck check{connectors, find_sdks(), engine_runs(*loaded.config)};
  auto found = runtime::check_online(*loaded.config, check);
  if (!found.empty()) loaded.config.reset();
  std::ranges::move(found, std::back_inserter(loaded.problems));
}

int validate(const ValidateOptions& options) {
  auto loaded = load_config(options.file);
  if (options.online && loaded.config) add_online(loaded);
  const bool valid = loaded.config && !(options.deny_warnings && !loaded.problems.empty());
  if (options.format == "json") {
    print_json(loaded, valid);
  } else {
    for (const config::Diagnostic& problem : loaded.problems)
      fmt::print(stderr, "{}\n", problem.text(options.file));
    if (valid) fmt::print("{} is valid\n", options.file);
  }
  return valid ? kOk : kConfigInvalid;
}

}  // namespace

config::Loaded load_config(const std::string& file) {
  return config::load(file, kinds(), config::process_environment);
}

std::optional<config::Config> load_or_complain(const std::string& file, Warnings warnings) {
  auto loaded = load_config(file);
  for (const config::Diagnostic& problem : loaded.problems)
    if (problem.severity == config::Severity::error || warnings == Warnings::shown)
      fmt::print(stderr, "{}\n", problem.text(file));
  return std::move(loaded.config);
}

void add_validate(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("validate", "check a config file");
  auto options = std::make_shared<ValidateOptions>();
  command->add_option("CONFIG", options->file, "config file")->required();
  command->add_flag("--deny-warnings", options->deny_warnings, "warnings make it invalid as well");
  command->add_flag("--online", options->online,
                    "also ask brokers, folders, the address and the handlers, on this machine");
  add_format(*command, options->format);
  command->footer(
      "Exit code 3 when it is invalid.\nExample: pelton validate configs/thumbnails.yaml");
  command->callback([&chosen, options] { chosen = [options] { return validate(*options); }; });
}

}  // namespace pelton::cli
