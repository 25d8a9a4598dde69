// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::directory {

// 32 hex digits. Kept in the ledger, so it never changes its form.
std::string hex_hash(std::string_view bytes);

// Value. What tells one version of a file from the next, as fstat shows it. The device is left out
// on purpose: the numbers of network, overlay and some local file systems change with every mount,
// which would make every file new after a restart.
struct FileVersion {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  // Of the inode: changes with every write, even when mtime is set back, but also with chmod and
  // with the number of links. Tells "perhaps changed", not "changed".
  std::int64_t ctime_ns = 0;

  static FileVersion of(const struct stat& stat);
  // The event id: 32 hex digits of a hash over the version, without ctime, and the path.
  std::string id(std::string_view relative_path) const;
  // The same with ctime, for content that was overwritten behind an unchanged mtime.
  std::string id_with_ctime(std::string_view relative_path) const;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

}  // namespace pelton::directory
