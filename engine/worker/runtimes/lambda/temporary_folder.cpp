// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/temporary_folder.h"

#include <cstdlib>

namespace pelton::worker::lambda {

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Status TemporaryFolder::make(const std::string& worker) {
  std::error_code error;
  const auto base = std::filesystem::temp_directory_path(error);
  if (error) return fail_errno("E3001", "finding the folder for temporary files", error.value());
  std::string name = (base / ("pelton-" + worker + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail_errno("E3001", "making a folder in " + base.string(), errno);
  path_ = name;
  return {};
}

}  // namespace pelton::worker::lambda
