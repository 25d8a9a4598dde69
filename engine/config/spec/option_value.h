// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace pelton::config {

// A connector's own options, typed by its OptionSpec: duration, size and number as they parse.
using OptionValue = std::variant<bool, std::int64_t, std::uint64_t, double, Duration, std::string,
                                 std::filesystem::path, std::vector<std::string>>;

using OptionValues = std::map<std::string, OptionValue>;

}  // namespace pelton::config
