// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/unique_fd.h"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace pelton::directory {

// What happened in a watched folder. Names are relative to the source's folder.
struct WatchEvent {
  enum class Kind {
    complete,  // a file was closed after writing or moved in
    linked,    // a name appeared: a file just created (nothing yet) or a second link to a whole one
    writing,   // a file is being written
    gone,      // a file was moved away or deleted
    folder_in,  // a folder appeared: look into it, then watch it
    overflow,   // the kernel dropped events: look at everything
    root_gone,  // the watched root was deleted, moved or unmounted
  };
  Kind kind = Kind::overflow;
  std::string name;
};

// Resource. An inotify instance and the folders that it watches. inotify is not recursive: every
// subfolder gets a watch of its own, by add(). One thread.
class Watch {
 public:
  // `max_folders` bounds the watches below what the system allows.
  explicit Watch(std::size_t max_folders) : max_folders_(max_folders) {}

  // False when the system has no instance left; the source then relies on scans.
  bool open();
  void close();
  // -1 when not open.
  int fd() const { return fd_.get(); }

  // Watches an open folder under this name ("" is the root). False when there is no room for one
  // more.
  bool add(int folder, const std::string& name);
  // Appends what has happened, without waiting: at most one buffer (some thousand events).
  void drain(std::vector<WatchEvent>& out);

 private:
  void translate(int watch, std::uint32_t mask, const std::string& leaf,
                 std::vector<WatchEvent>& out);
  void forget_subtree(const std::string& name);

  const std::size_t max_folders_;
  UniqueFd fd_;
  std::unordered_map<int, std::string> folders_;  // by watch descriptor
};

}  // namespace pelton::directory
