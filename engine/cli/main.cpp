// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/config/diagnostic.h"

#include <CLI/CLI.hpp>

namespace pelton::cli {

void add_address(CLI::App& command, EngineAddress& address) {
  command.add_option("--config", address.config, "config file of the running engine");
  command.add_option("--data", address.data, "its data folder (default: ./data)");
  command.add_option("--socket", address.socket, "its admin socket");
}

void add_format(CLI::App& command, std::string& format) {
  command.add_option("-o,--output", format, "text or json")->check(CLI::IsMember({"text", "json"}));
}

namespace {

// The nearest command to a word that is none.
std::string suggestion(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return {};
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  for (const std::string& name : names)
    if (name == argv[1]) return {};
  return config::did_you_mean(argv[1], names);
}

int usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help
  fmt::print(stderr, "pelton: {}{}\nTry pelton --help.\n", error.what(),
             suggestion(app, argc, argv));
  return kUsage;
}

int run(int argc, char** argv) {
  CLI::App app("Pelton runs functions on event streams.\n");
  app.require_subcommand(1);
  app.footer("Example: pelton run configs/thumbnails.yaml");
  Run chosen;
  for (auto* add : {add_run, add_validate, add_describe, add_schema, add_status, add_produce,
                    add_consume, add_dead_letters, add_offsets, add_version})
    add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(app, error, argc, argv);
  }
  return chosen ? chosen() : static_cast<int>(kUsage);
}

}  // namespace
}  // namespace pelton::cli

int main(int argc, char** argv) {
  return pelton::cli::run(argc, argv);
}
