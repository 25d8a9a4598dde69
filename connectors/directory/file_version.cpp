// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/file_version.h"

#include "engine/base/hash.h"

#include <fmt/format.h>

namespace pelton::directory {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::string hex_hash(std::string_view bytes) {
  const Hash128 hash = hash128(bytes);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

FileVersion FileVersion::of(const struct stat& stat) {
  return {stat.st_ino, static_cast<std::uint64_t>(stat.st_size), nanoseconds(stat.st_mtim),
          nanoseconds(stat.st_ctim)};
}

std::string FileVersion::id(std::string_view relative_path) const {
  return hex_hash(fmt::format("{} {} {} {}", inode, size, mtime_ns, relative_path));
}

std::string FileVersion::id_with_ctime(std::string_view relative_path) const {
  return hex_hash(fmt::format("{} {} {} {} {}", inode, size, mtime_ns, ctime_ns, relative_path));
}

}  // namespace pelton::directory
