// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/folder.h"
#include "connectors/directory/names.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pelton::directory {

// A name that a scan came upon, not a folder, with what lstat says of it.
struct Found {
  std::string name;
  struct stat stat {};
};

// Walks folders step by step, so that a read can stop at its deadline and a million files take no
// memory: one folder is open at a time, those to come are kept by name. Never enters a symbolic
// link. One thread.
class Scan {
 public:
  // Called for each folder as it is entered, before its files are listed: the moment to watch it.
  using Entered = std::function<void(int folder, const std::string& name)>;

  Scan(const Folder& root, const NameFilter& names, bool recursive, Entered entered)
      : root_(root), names_(names), recursive_(recursive), entered_(std::move(entered)) {}

  // Adds a folder to those to be walked; "" is the root.
  void add(std::string name);
  bool active() const { return open_ != nullptr || !to_walk_.empty(); }
  // The next name that the patterns want; nothing after `steps` names looked at or at the end.
  std::optional<Found> next(std::size_t steps);
  void stop();
  // A folder could not be listed since the last call: what is missing may just be out of sight.
  bool take_incomplete() { return std::exchange(incomplete_, false); }

 private:
  struct Close {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  bool enter();
  std::optional<Found> look_at(const char* leaf);

  const Folder& root_;
  const NameFilter& names_;
  const bool recursive_;
  const Entered entered_;
  std::vector<std::string> to_walk_;
  std::unique_ptr<DIR, Close> open_;
  std::string open_name_;
  bool incomplete_ = false;
};

}  // namespace pelton::directory
