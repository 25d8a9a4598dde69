// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/sdk_folder.h"

namespace pelton::cli {

std::filesystem::path find_sdks() {
  std::error_code error;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"..", "../" PELTON_LIBDIR "/pelton"})
    if (std::filesystem::exists(binary / place / "python" / "pelton" / "worker.py", error))
      return (binary / place).lexically_normal();
  return {};
}

}  // namespace pelton::cli
