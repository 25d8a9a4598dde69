// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace pelton::cli {

// The packages are beside the binary: in the build tree, or where they are installed.
std::filesystem::path find_sdks();

}  // namespace pelton::cli
