// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/load.h"

#include <optional>
#include <string>

namespace pelton::cli {

enum class Warnings { shown, hidden };

// The file with everything that this build can say of it.
config::Loaded load_config(const std::string& file);

// The config of the file; nothing when it has errors, which are then on standard error, a line
// each.
std::optional<config::Config> load_or_complain(const std::string& file, Warnings warnings);

}  // namespace pelton::cli
