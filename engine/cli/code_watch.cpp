// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/code_watch.h"

#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
// Of what appears only folders, which have to be watched, and links, which are whole at once.
constexpr std::uint32_t kMask = kChanges | IN_CREATE | IN_ONLYDIR;

// Written by tools and packages, not by people.
bool left_out(const std::string& folder) {
  return folder.starts_with('.') || folder == "node_modules" || folder == "__pycache__" ||
         folder == "venv";
}

// Hidden, a backup, or the file by which vim finds out whether it can write.
bool of_an_editor(const std::string& file) {
  return file.starts_with('.') || file.ends_with('~') || file == "4913";
}

bool within(const fs::path& path, const fs::path& folder) {
  return !folder.empty() && std::ranges::mismatch(folder, path).in1 == folder.end();
}

}  // namespace

Status CodeWatch::open() {
  fd_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (fd_) return {};
  return fail(ErrorKind::unavailable, "E5024", "cannot watch files: {}", std::strerror(errno));
}

void CodeWatch::add(const fs::path& folder) {
  if (folders_.size() >= kMaxFolders || within(folder, except_)) return;
  const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), kMask);
  if (watch >= 0) folders_[watch] = folder;
}

void CodeWatch::add_with_subfolders(const fs::path& folder) {
  add(folder);
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(
      folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    if (!entry->is_directory(unknown) || entry->is_symlink(unknown)) continue;
    if (left_out(entry->path().filename().string()) || within(entry->path(), except_) ||
        folders_.size() >= kMaxFolders)
      entry.disable_recursion_pending();
    else
      add(entry->path());
  }
}

void CodeWatch::watch(const std::vector<fs::path>& paths, const fs::path& except) {
  // What is watched already stays so: changes that wait to be read are not lost.
  const auto before = std::exchange(folders_, {});
  paths_.clear();
  except_ = except.empty() ? except : fs::absolute(except).lexically_normal();
  for (const fs::path& path : paths) {
    paths_.push_back(fs::absolute(path).lexically_normal());
    std::error_code error;
    if (fs::is_directory(paths_.back(), error)) add_with_subfolders(paths_.back());
    // Editors replace a file by another one: that is seen in its folder.
    add(paths_.back().parent_path());
  }
  for (const auto& [watch, folder] : before)
    if (!folders_.contains(watch)) ::inotify_rm_watch(fd_.get(), watch);
}

void CodeWatch::note(const fs::path& changed, std::set<fs::path>& out) const {
  for (const fs::path& path : paths_)
    if (within(changed, path)) out.insert(path);
}

void CodeWatch::take(int watch, std::uint32_t mask, const std::string& name,
                     std::set<fs::path>& out) {
  if (mask & IN_Q_OVERFLOW) {  // something has changed
    out.insert(paths_.begin(), paths_.end());
    return;
  }
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;
  if (mask & IN_IGNORED) {
    folders_.erase(folder);
    return;
  }
  const fs::path path = folder->second / name;
  if (mask & IN_ISDIR) {
    if (left_out(name) || within(path, except_)) return;
    if (mask & (IN_CREATE | IN_MOVED_TO)) add_with_subfolders(path);
  } else {
    std::error_code error;
    const bool given = std::ranges::find(paths_, path) != paths_.end();
    if (of_an_editor(name) && !given) return;
    if ((mask & IN_CREATE) && !fs::is_symlink(path, error)) return;
  }
  note(path, out);
}

std::set<fs::path> CodeWatch::changed() {
  std::set<fs::path> out;
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size <= 0) return out;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      take(event.wd, event.mask, event.len > 0 ? std::string(name) : std::string(), out);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace pelton::cli
