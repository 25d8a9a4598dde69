// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pelton::worker::lambda {

// Larger entries are refused.
inline constexpr std::uint32_t kMostOfAJar = 16U << 20;

// A file in a jar (or another zip file without ZIP64 and encryption). E3001: it is not there, or
// damaged.
Result<std::string> read_entry(const std::filesystem::path& jar, std::string_view entry);

}  // namespace pelton::worker::lambda
