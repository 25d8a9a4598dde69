// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/unique_fd.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace pelton::cli {

// Resource. Notices when files that somebody works on change: an inotify instance, the folders of
// the files and all folders below those that were given. What is below node_modules, __pycache__,
// venv or a hidden folder is left out, and so are hidden files and backups of editors. One thread.
class CodeWatch {
 public:
  // No more folders than this are watched: what is beyond is not noticed.
  static constexpr std::size_t kMaxFolders = 4096;

  // E5024: the system has no inotify instance left.
  Status open();
  // Readable while there are changes; -1 before open().
  int fd() const { return fd_.get(); }

  // Watches these files and folders and nothing else, without missing changes of those that it
  // watched before; what does not exist is noticed when it appears in a folder that does. `except`
  // is a folder that is never looked into.
  void watch(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& except);
  // Those of the paths that were given in which something has changed since the last call, without
  // waiting.
  std::set<std::filesystem::path> changed();

 private:
  void add(const std::filesystem::path& folder);
  void add_with_subfolders(const std::filesystem::path& folder);
  void note(const std::filesystem::path& changed, std::set<std::filesystem::path>& out) const;
  void take(int watch, std::uint32_t mask, const std::string& name,
            std::set<std::filesystem::path>& out);

  UniqueFd fd_;
  std::vector<std::filesystem::path> paths_;  // absolute
  std::filesystem::path except_;
  std::unordered_map<int, std::filesystem::path> folders_;  // by watch descriptor
};

}  // namespace pelton::cli
