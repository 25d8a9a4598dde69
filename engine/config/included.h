// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace pelton::config {

// The files that a ${file:path} in the text of a config file names, which is in that folder. Also
// those in comments.
std::vector<std::filesystem::path> included_files(std::string_view text,
                                                  const std::filesystem::path& folder);

}  // namespace pelton::config
