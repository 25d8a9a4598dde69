// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/descendants.h"

#include "engine/base/unique_fd.h"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace pelton::worker {
namespace {

// A process that forks faster than it is looked at is left to the next look.
constexpr int kLooks = 8;
constexpr int kReapMilliseconds = 20;
// It has one thing to do, and reap_orphans() finds it later.
constexpr int kGuardMilliseconds = 2;
constexpr int kExecMilliseconds = 1;

// Empty when the process is gone, which may be so between opening and reading: an iterator over the
// file's buffer would throw then, where read() ends.
std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char piece[4096];
  while (file.read(piece, sizeof piece) || file.gcount() > 0)
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  return text;
}

struct Process {
  pid_t parent = 0;
  bool ended = false;  // and not waited for
};

// Two fields behind the name, which may hold anything.
std::optional<Process> process_of(pid_t pid) {
  const std::string stat = contents("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string::npos || name_end + 4 >= stat.size()) return std::nullopt;
  Process process;
  const char state = stat[name_end + 2];
  process.ended = state == 'Z' || state == 'X';
  const char* const digits = stat.data() + name_end + 4;
  if (std::from_chars(digits, stat.data() + stat.size(), process.parent).ec != std::errc())
    return std::nullopt;
  return process;
}

bool has_children_lists() {
  static const bool has = ::access("/proc/thread-self/children", R_OK) == 0;
  return has;
}

using Children = std::unordered_map<pid_t, std::vector<pid_t>>;

// The processes of the machine by their parent: those that run, or those that have ended.
Children all_children(bool ended = false) {
  Children children;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return children;
  while (const dirent* entry = ::readdir(proc.get())) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    const auto process = process_of(pid);
    if (process && process->ended == ended) children[process->parent].push_back(pid);
  }
  return children;
}

// What belongs to the process as a whole: its children, whichever thread started them.
struct Expected {
  std::mutex mutex;
  std::unordered_set<pid_t> children;
};
Expected& expected() {
  static Expected all;
  return all;
}

// By the kernel's own list, which not every kernel has: then false.
bool add_children(pid_t pid, std::vector<pid_t>& into) {
  if (!has_children_lists()) return false;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(tasks.c_str()), ::closedir);
  if (!folder) return true;  // it has ended
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    std::ifstream children(tasks + "/" + entry->d_name + "/children");
    for (pid_t child = 0; children >> child;) into.push_back(child);
  }
  return true;
}

void collect(const Children& children, pid_t pid, std::vector<pid_t>& into) {
  const auto at = children.find(pid);
  if (at == children.end()) return;
  for (const pid_t child : at->second) {
    into.push_back(child);
    collect(children, child, into);
  }
}

enum class Origin { this_worker, its_guard, other, unknown };

bool has_variable(const std::string& environment, std::string_view name, const std::string& value) {
  const std::string wanted = fmt::format("{}={}", name, value) + '\0';
  return environment.starts_with(wanted) || environment.find('\0' + wanted) != std::string::npos;
}

// Unknown: in the middle of an exec a process has no environment to be seen.
Origin origin_of(pid_t pid, const std::string& worker) {
  const std::string environment = contents("/proc/" + std::to_string(pid) + "/environ");
  if (environment.empty()) return Origin::unknown;
  if (has_variable(environment, kWorkerVariable, worker)) return Origin::this_worker;
  return has_variable(environment, kGuardVariable, worker) ? Origin::its_guard : Origin::other;
}

// Its children before it: what it left would become somebody else's unseen.
void kill_tree(const Children& children, pid_t pid) {
  std::vector<pid_t> below;
  collect(children, pid, below);
  for (const pid_t one : below) ::kill(one, SIGKILL);
  ::kill(pid, SIGKILL);
}

// A killed process ends at once, unless a device holds it: that one is not waited for.
void reap(pid_t pid, int milliseconds = kReapMilliseconds) {
  const UniqueFd end(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd wait{end.get(), POLLIN, 0};
  if (end && ::poll(&wait, 1, milliseconds) > 0) ::waitpid(pid, nullptr, WNOHANG);
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool expect_end_of(pid_t child) {
  const std::lock_guard lock(expected().mutex);
  return expected().children.insert(child).second;
}

void end_seen_of(pid_t child) {
  const std::lock_guard lock(expected().mutex);
  expected().children.erase(child);
}

void reap_orphans() {
  const Children ended = all_children(true);
  const auto own = ended.find(::getpid());
  if (own == ended.end()) return;
  const std::lock_guard lock(expected().mutex);
  for (const pid_t child : own->second)
    if (!expected().children.contains(child)) ::waitpid(child, nullptr, WNOHANG);
}

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> all;
  collect(all_children(), pid, all);
  return all;
}

std::size_t count_processes(pid_t pid, std::size_t enough) {
  std::vector<pid_t> found{pid};
  for (std::size_t at = 0; at < found.size() && found.size() <= enough; ++at)
    if (!add_children(found[at], found)) return descendants(pid).size() + 1;
  return found.size();
}

void kill_descendants(pid_t pid) {
  for (int look = 0; look < kLooks; ++look) {
    const std::vector<pid_t> found = descendants(pid);
    if (found.empty()) return;
    for (const pid_t one : found) ::kill(one, SIGKILL);
  }
}

void kill_orphans(const std::string& worker) {
  for (int look = 0; look < kLooks; ++look) {
    const Children children = all_children();
    const auto own = children.find(::getpid());
    if (own == children.end()) return;
    std::vector<pid_t> orphans;
    bool unknown = false;
    for (const pid_t child : own->second) {
      const Origin origin = origin_of(child, worker);
      if (origin == Origin::this_worker) orphans.push_back(child);
      unknown = unknown || origin == Origin::unknown;
      // It ends by itself, having ended the others.
      if (origin == Origin::its_guard) reap(child, kGuardMilliseconds);
    }
    if (orphans.empty() && !unknown) return;
    if (orphans.empty()) ::poll(nullptr, 0, kExecMilliseconds);
    for (const pid_t orphan : orphans) kill_tree(children, orphan);
    for (const pid_t orphan : orphans) reap(orphan);
  }
}

}  // namespace pelton::worker
