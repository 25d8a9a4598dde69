// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <filesystem>

namespace pelton::store {

// Resource. The data folder, created when missing, as one process's own.
class FolderLock {
 public:
  // E4101: another process has it (named); E4104: it cannot be created or written.
  Status take(const std::filesystem::path& data);
  // Names this process for whoever comes next.
  Status sign();

 private:
  std::filesystem::path data_;
  UniqueFd fd_;
};

}  // namespace pelton::store
