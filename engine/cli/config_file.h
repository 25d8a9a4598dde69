// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/load.h"

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
config::Loaded load_config(const Files& files);

// The config of the files; nothing when it has errors, which are then on standard error, a line
// each.
std::optional<config::Config> load_or_complain(const Files& files, Warnings warnings);

// CONFIG..., required.
void add_config_files(CLI::App& command, std::vector<std::string>& files);

}  // namespace pelton::cli
