// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/scan.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace pelton::directory {

void Scan::add(std::string name) {
  if (recursive_ || name.empty()) to_walk_.push_back(std::move(name));
}

std::optional<Found> Scan::next(std::size_t steps) {
  while (steps-- > 0) {
    if (open_ == nullptr && !enter()) {
      if (to_walk_.empty()) return std::nullopt;
      continue;
    }
    errno = 0;
    const dirent* entry = ::readdir(open_.get());
    if (entry == nullptr) {
      incomplete_ |= errno != 0;
      open_.reset();
    } else if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      if (auto found = look_at(entry->d_name)) return found;
    }
  }
  return std::nullopt;
}

void Scan::stop() {
  to_walk_.clear();
  open_.reset();
}

bool Scan::enter() {
  if (to_walk_.empty()) return false;
  open_name_ = std::move(to_walk_.back());
  to_walk_.pop_back();
  UniqueFd folder = root_.open_subfolder(open_name_);
  if (!folder) {
    incomplete_ |= errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
    return false;
  }
  entered_(folder.get(), open_name_);
  open_.reset(::fdopendir(folder.get()));
  if (open_ != nullptr) folder.release();
  return open_ != nullptr;
}

std::optional<Found> Scan::look_at(const char* leaf) {
  Found found;
  found.name = open_name_.empty() ? leaf : open_name_ + '/' + leaf;
  if (::fstatat(::dirfd(open_.get()), leaf, &found.stat, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  if (S_ISDIR(found.stat.st_mode)) {
    if (recursive_ && names_.wants_folder(found.name)) to_walk_.push_back(std::move(found.name));
    return std::nullopt;
  }
  if (!names_.wants_file(found.name)) return std::nullopt;
  return found;
}

}  // namespace pelton::directory
