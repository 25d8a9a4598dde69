// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>

#include <cstring>

namespace pelton::directory {
namespace {

// IN_MODIFY and IN_CREATE tell which files are still being written, so that a scan leaves them
// alone; moved folders lose their watches by IN_MOVED_FROM of the parent, which comes before the
// name appears elsewhere.
constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                                IN_EXCL_UNLINK;
constexpr std::size_t kBuffer = 64U << 10;

}  // namespace

bool Watch::open() {
  folders_.clear();
  fd_ = UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  return static_cast<bool>(fd_);
}

void Watch::close() {
  fd_.reset();
  folders_.clear();
}

bool Watch::add(int folder, const std::string& name) {
  if (!fd_) return false;
  // By descriptor: a path could by now lead to another folder.
  const std::string path = fmt::format("/proc/self/fd/{}", folder);
  const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), kMask);
  if (watch < 0) return false;
  // A folder that is watched already has the same descriptor; its name may be another by now.
  if (!folders_.contains(watch) && folders_.size() >= max_folders_) {
    ::inotify_rm_watch(fd_.get(), watch);
    return false;
  }
  folders_[watch] = name;
  return true;
}

void Watch::drain(std::vector<WatchEvent>& out) {
  if (!fd_) return;
  alignas(inotify_event) char buffer[kBuffer];
  const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
  for (ssize_t at = 0; at < got;) {
    inotify_event event;
    std::memcpy(&event, buffer + at, sizeof event);
    const char* leaf = buffer + at + sizeof event;
    translate(event.wd, event.mask,
              event.len == 0 ? std::string() : std::string(leaf, ::strnlen(leaf, event.len)), out);
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
}

void Watch::translate(int watch, std::uint32_t mask, const std::string& leaf,
                      std::vector<WatchEvent>& out) {
  using Kind = WatchEvent::Kind;
  if ((mask & IN_Q_OVERFLOW) != 0) {
    out.push_back({Kind::overflow, {}});
    return;
  }
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) {
    if (folder->second.empty()) out.push_back({Kind::root_gone, {}});
    if ((mask & IN_MOVE_SELF) == 0) folders_.erase(folder);
    return;
  }
  const std::string name = folder->second.empty() ? leaf : folder->second + '/' + leaf;
  if ((mask & IN_ISDIR) != 0) {
    if ((mask & IN_MOVED_FROM) != 0) forget_subtree(name);
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) out.push_back({Kind::folder_in, name});
    return;
  }
  if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) out.push_back({Kind::complete, name});
  if ((mask & IN_CREATE) != 0) out.push_back({Kind::linked, name});
  if ((mask & IN_MODIFY) != 0) out.push_back({Kind::writing, name});
  if ((mask & (IN_MOVED_FROM | IN_DELETE)) != 0) out.push_back({Kind::gone, name});
}

void Watch::forget_subtree(const std::string& name) {
  for (auto at = folders_.begin(); at != folders_.end();) {
    const bool below = at->second == name || at->second.starts_with(name + '/');
    if (below) ::inotify_rm_watch(fd_.get(), at->first);
    at = below ? folders_.erase(at) : std::next(at);
  }
}

}  // namespace pelton::directory
