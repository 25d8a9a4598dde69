// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <filesystem>
#include <string>

namespace pelton::worker::lambda {

// Resource. A folder that only one worker uses, below TMPDIR or /tmp; gone, with what is in it,
// when this is. It is locked meanwhile, so that those of an engine that was killed are known.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // E3001.
  Status make(const std::string& worker);
  const std::filesystem::path& path() const { return path_; }

  // Removes what engines of this user that were killed have left. The first make() of a process
  // does it.
  static void remove_abandoned();

 private:
  std::filesystem::path path_;
  UniqueFd lock_;
};

}  // namespace pelton::worker::lambda
