// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::directory {

// Value. What tells one version of a file from the next, as fstat shows it. The device is left out
// on purpose: the numbers of network, overlay and some local file systems change with every mount,
// which would make every file new after a restart.
struct FileVersion {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;

  static FileVersion of(const struct stat& stat);
  // The event id: 32 hex digits of a hash over the version and the path. Kept in the ledger, so it
  // never changes its form.
  std::string id(std::string_view relative_path) const;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

}  // namespace pelton::directory
