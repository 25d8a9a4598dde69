// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/output.h"
#include "engine/cli/overview.h"
#include "engine/cli/print.h"
#include "engine/cli/registry.h"
#include "engine/cli/sdk_folder.h"
#include "engine/config/config_text.h"
#include "engine/observe/log.h"
#include "engine/runtime/engine.h"

#include <CLI/App.hpp>
#include <unistd.h>

#include <filesystem>
#include <memory>

namespace pelton::cli {
namespace {

void configure_log(const config::Engine& engine) {
  const bool tty = terminal(STDERR_FILENO);
  const bool pretty = engine.log_format == config::LogFormat::pretty ||
                      (engine.log_format == config::LogFormat::automatic && tty);
  observe::log::configure(static_cast<observe::log::Level>(engine.log_level),
                          pretty ? observe::log::Format::pretty : observe::log::Format::json,
                          colours(STDERR_FILENO));
}

int run(const Files& files, const importer::Options& import) {
  auto loaded = load_config(files, import);
  const auto& config = loaded.config;
  if (!config) {
    for (const config::Diagnostic& problem : loaded.problems) note("{}\n", problem.text());
    return kConfigInvalid;
  }
  configure_log(config->engine);
  const observe::log::Background background;
  // As the config wants its log, which whoever reads it may parse.
  for (const config::Diagnostic& warning : loaded.problems) observe::log::warn(warning.text());
  runtime::RunOptions options;
  options.version = PELTON_VERSION;
  options.sdks = find_sdks();
  options.ready = [&](const std::string& http) {
    if (loaded.translated) print("{}", overview(*config));
    observe::log::info("ready", {{"config", config::shown_names(config->files)},
                                 {"data", config->engine.data.string()},
                                 {"http", http},
                                 {"version", PELTON_VERSION}});
    flush_out();
  };
  options.load = [import](const Files& again) {
    return config::load(again, kinds(import), config::process_environment,
                        config::Readable::regular_files);
  };
  options.reloaded = configure_log;
  const auto connectors = builtin_connectors();
  if (auto ok = runtime::run(*config, connectors, options); !ok) {
    observe::log::error("the engine ends: " + ok.error().text());
    return exit_code(ok.error());
  }
  observe::log::info("stopped");
  return kOk;
}

}  // namespace

void add_run(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("run", "run the engine in the foreground");
  auto files = std::make_shared<std::vector<std::string>>();
  add_config_files(*command, *files);
  auto import = std::make_shared<ImportWords>();
  add_import_options(*command, *import);
  command->footer(
      "SIGTERM drains and stops; a second one ends at once. SIGHUP reloads the config files (see\n"
      "`pelton reload --help`).\n"
      "Example: pelton run configs/thumbnails.yaml\n"
      "         pelton run streams.yaml bindings.yaml\n"
      "         pelton run serverless.yml --stage dev --service s3=http://127.0.0.1:9000");
  command->callback([&chosen, files, import] {
    chosen = [files, import] { return run({files->begin(), files->end()}, import->options()); };
  });
}

}  // namespace pelton::cli
