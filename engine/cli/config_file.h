// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/load.h"
#include "engine/import/import.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pelton::cli {

enum class Warnings { shown, hidden };

using Files = std::vector<std::filesystem::path>;

// The config of these files with everything that this build can say of it.
config::Loaded load_config(const Files& files, const importer::Options& options = {});

// The config of the files; nothing when it has errors, which are then on standard error, a line
// each.
std::optional<config::Config> load_or_complain(const Files& files, Warnings warnings);

// CONFIG..., required.
void add_config_files(CLI::App& command, std::vector<std::string>& files);

// --service, and --stage, --param and --listen, which files of other systems are read with. The
// result is complete once the command line is parsed, and belongs to the command's callback.
struct ImportWords {
  std::string stage;
  std::vector<std::string> params;    // NAME=VALUE
  std::vector<std::string> services;  // NAME=URL or URL
  std::string listen;

  importer::Options options() const;
  // The same as arguments of a command.
  std::vector<std::string> arguments() const;
};
void add_import_options(CLI::App& command, ImportWords& words);

}  // namespace pelton::cli
