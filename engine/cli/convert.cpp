// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>

#include <memory>

namespace pelton::cli {
namespace {

struct ConvertOptions {
  std::string file;
  ImportWords import;
};

int convert(const ConvertOptions& options) {
  const importer::Converted converted =
      importer::convert(options.file, config::process_environment, options.import.options());
  for (const config::Diagnostic& problem : converted.problems) note("{}\n", problem.text());
  if (converted.text.empty()) return kConfigInvalid;
  print("{}", converted.text);
  return kOk;
}

}  // namespace

void add_convert(CLI::App& app, Run& chosen) {
  auto* command =
      app.add_subcommand("convert", "print a serverless.yml or template.yaml as a config file");
  auto options = std::make_shared<ConvertOptions>();
  command
      ->add_option("FILE", options->file,
                   "serverless.yml of the Serverless Framework, or template.yaml of AWS SAM; - is "
                   "standard input")
      ->required();
  add_import_options(*command, options->import);
  command->footer(
      "Variables are resolved, but those of the environment stay references. Keep the output in\n"
      "the folder of FILE. Exit code 3 when FILE is invalid.\n"
      "Example: pelton convert serverless.yml > pelton.yaml");
  command->callback([&chosen, options] { chosen = [options] { return convert(*options); }; });
}

}  // namespace pelton::cli
