// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"

#include <string>

namespace pelton::cli {

// Tables of the routes, schedules and other bindings of a config, each with a command to try it.
std::string overview(const config::Config& config);

}  // namespace pelton::cli
