// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/file_version.h"

#include "engine/base/hash.h"

#include <fmt/format.h>

namespace pelton::directory {

FileVersion FileVersion::of(const struct stat& stat) {
  return {stat.st_ino, static_cast<std::uint64_t>(stat.st_size),
          static_cast<std::int64_t>(stat.st_mtim.tv_sec) * 1'000'000'000 + stat.st_mtim.tv_nsec};
}

std::string FileVersion::id(std::string_view relative_path) const {
  const Hash128 hash = hash128(fmt::format("{} {} {} {}", inode, size, mtime_ns, relative_path));
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace pelton::directory
