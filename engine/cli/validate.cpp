// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"
#include "engine/base/utf8.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/registry.h"
#include "engine/cli/sdk_folder.h"
#include "engine/config/config_text.h"
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
  std::vector<std::string> files;
  ImportWords import;
  std::string format = "text";
  bool deny_warnings = false;
  bool online = false;
};

void print_json(const config::Loaded& loaded, bool valid) {
  boost::json::array problems;
  for (const config::Diagnostic& p : loaded.problems)
    problems.push_back({{"file", to_utf8(p.file)},
                        {"line", p.place.line},
                        {"column", p.place.column},
                        {"code", p.code},
                        {"severity", p.severity == config::Severity::error ? "error" : "warning"},
                        {"message", to_utf8(p.message)}});
  print("{}\n",
        boost::json::serialize(boost::json::object{{"valid", valid}, {"problems", problems}}));
}

bool engine_runs(const config::Config& config) {
  const auto client =
      Client::connect({.data = config.engine.data.string()}, std::chrono::seconds(5));
  return client && (*client)->get("/v1/status");
}

// What the surroundings say, behind what the files themselves say.
void add_online(const Files& files, config::Loaded& loaded) {
  const auto connectors = builtin_connectors();
  const runtime::OnlineCheck check{connectors, find_sdks(), engine_runs(*loaded.config)};
  auto found = runtime::check_online(*loaded.config, check);
  if (!found.empty()) loaded.config.reset();
  for (config::Diagnostic& problem : found) {
    problem.file = config::shown_name(files[problem.place.file]);
    loaded.problems.push_back(std::move(problem));
  }
}

int validate(const ValidateOptions& options) {
  const Files files(options.files.begin(), options.files.end());
  auto loaded = load_config(files, options.import.options());
  if (options.online && loaded.config) add_online(files, loaded);
  const bool valid = loaded.config && !(options.deny_warnings && !loaded.problems.empty());
  if (options.format == "json") {
    print_json(loaded, valid);
  } else {
    for (const config::Diagnostic& problem : loaded.problems) note("{}\n", problem.text());
    if (!valid) return kConfigInvalid;
    print("{} {} valid\n", config::shown_names(files), files.size() == 1 ? "is" : "are");
  }
  return valid ? kOk : kConfigInvalid;
}

}  // namespace

config::Loaded load_config(const Files& files, const importer::Options& options) {
  return config::load(files, kinds(options), config::process_environment);
}

std::optional<config::Config> load_or_complain(const Files& files, Warnings warnings) {
  auto loaded = load_config(files);
  for (const config::Diagnostic& problem : loaded.problems)
    if (problem.severity == config::Severity::error || warnings == Warnings::shown)
      note("{}\n", problem.text());
  return std::move(loaded.config);
}

void add_config_files(CLI::App& command, std::vector<std::string>& files) {
  command
      .add_option("CONFIG", files,
                  "config file; the sections of several are merged; - is standard input")
      ->required();
}

void add_validate(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("validate", "check a config file");
  auto options = std::make_shared<ValidateOptions>();
  add_config_files(*command, options->files);
  command->add_flag("--deny-warnings", options->deny_warnings, "warnings make it invalid as well");
  command->add_flag("--online", options->online,
                    "also ask brokers, folders, the address and the handlers, on this machine");
  add_import_options(*command, options->import);
  add_format(*command, options->format);
  command->footer(
      "Exit code 3 when it is invalid.\nExample: pelton validate configs/thumbnails.yaml");
  command->callback([&chosen, options] { chosen = [options] { return validate(*options); }; });
}

}  // namespace pelton::cli
