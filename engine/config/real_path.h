// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace pelton::config {

// Every link that exists resolved, the rest normalised; without a slash at the end.
std::filesystem::path real_path(const std::filesystem::path& path);
// Whether `inner` is `outer` or below it. Both are real paths.
bool within(const std::filesystem::path& inner, const std::filesystem::path& outer);

}  // namespace pelton::config
