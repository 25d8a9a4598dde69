// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace pelton::directory {

enum class CreateFolder { yes, no };

// Resource. A folder held open, and the only way to what is in it: names are resolved beneath it
// and through no symbolic link at all (openat2), so nothing leads out, not even a link put there in
// between. Relative names are bytes, never empty unless said so. One thread.
class Folder {
 public:
  Folder() = default;

  // Errors: E2001 unavailable (missing, no permission), E2002 invalid (not a folder), E2009 invalid
  // (the kernel has no openat2).
  static Result<Folder> open(const std::filesystem::path& path, CreateFolder create);

  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  const std::filesystem::path& path() const { return path_; }
  dev_t device() const { return device_; }

  // E2003 unavailable when the path no longer leads to the folder that is open (deleted, renamed,
  // unmounted).
  Status check_in_place() const;

  // These return a descriptor or leave errno: ELOOP for a symbolic link on the way, EXDEV for a way
  // out.
  UniqueFd open_file(const std::string& name, int flags) const;
  UniqueFd open_subfolder(const std::string& name) const;  // "" is the folder itself
  // As open_subfolder, making what is missing, each durably (its parent is fsynced).
  UniqueFd make_subfolder(const std::string& name) const;
  // lstat beneath the folder. False leaves errno.
  bool stat(const std::string& name, struct stat& out) const;

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// The two halves of "a/b/c": "a/b" and "c"; the first is empty for a name without a slash.
std::string parent_of(const std::string& name);
std::string leaf_of(const std::string& name);

}  // namespace pelton::directory
