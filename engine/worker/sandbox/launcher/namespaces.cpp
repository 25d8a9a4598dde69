// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/launcher/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pelton::worker::sandbox {
namespace {

bool write_file(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = write(file, text, strlen(text)) == static_cast<ssize_t>(strlen(text));
  const int error = errno;
  close(file);
  errno = error;
  return written;
}

// With the same user and group in it: files keep their owners. Everything that a user without
// privileges may do here, he may do in a user namespace of his own.
bool enter_user_namespace() {
  char users[64];
  char groups[64];
  snprintf(users, sizeof users, "%u %u 1", geteuid(), geteuid());
  snprintf(groups, sizeof groups, "%u %u 1", getegid(), getegid());
  if (unshare(CLONE_NEWUSER) != 0) return false;
  // Its own files below /proc are root's otherwise.
  prctl(PR_SET_DUMPABLE, 1);
  return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", groups) &&
         write_file("/proc/self/uid_map", users);
}

bool below(const char* path, const char* folder) {
  const size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

constexpr Rule kCovering[]{Rule::temporary, Rule::hidden, Rule::kept};
// Less than the pages of a file take; more for the folder itself.
constexpr unsigned long long kBytesOfFile = 4096;
constexpr unsigned long long kFewestFiles = 64;
constexpr unsigned long long kMostFiles = 1 << 20;

bool covers(const Entry& entry) {
  return entry.rule == Rule::temporary || entry.rule == Rule::kept || entry.rule == Rule::hidden;
}

bool may_change(const Entry& entry) {
  return entry.rule == Rule::write || entry.rule == Rule::own;
}

// Before folders are covered: what is below them and wanted.
bool keep_trees(Plan& plan, Rule covering) {
  for (unsigned i = 0; i < plan.count; ++i) {
    Entry& entry = plan.entries[i];
    entry.tree = -1;
    if (covers(entry)) continue;
    bool covered = false;
    for (unsigned other = 0; other < plan.count; ++other)
      covered = covered || (plan.entries[other].rule == covering &&
                            below(entry.path, plan.entries[other].path));
    if (!covered) continue;
    entry.tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, entry.path,
                                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (entry.tree < 0 && errno != ENOENT) return false;
  }
  return true;
}

// The folders above a path, and a folder or a file in its place.
bool make_place(const char* path, bool folder) {
  char part[4096];
  if (access(path, F_OK) == 0) return true;
  if (strlen(path) >= sizeof part) return false;
  for (const char* slash = strchr(path + 1, '/'); slash != nullptr;
       slash = strchr(slash + 1, '/')) {
    const size_t length = static_cast<size_t>(slash - path);
    memcpy(part, path, length);
    part[length] = 0;
    if (mkdir(part, 0755) != 0 && errno != EEXIST) return false;
  }
  if (folder) return mkdir(path, 0755) == 0 || errno == EEXIST;
  const int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (file >= 0) close(file);
  return file >= 0;
}

// Landlock goes by all folders above a file: below one that may be written to, it would not do.
bool make_read_only(int tree) {
  mount_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                 sizeof attributes) == 0;
}

bool put_back(const Entry& entry) {
  struct stat status;
  const bool done =
      fstat(entry.tree, &status) == 0 && make_place(entry.path, S_ISDIR(status.st_mode)) &&
      (may_change(entry) || make_read_only(entry.tree)) &&
      syscall(SYS_move_mount, entry.tree, "", AT_FDCWD, entry.path, MOVE_MOUNT_F_EMPTY_PATH) == 0;
  const int error = errno;
  close(entry.tree);
  errno = error;
  return done;
}

// What may be written to last: it may be below what may not.
bool put_back(const Plan& plan) {
  for (int written = 0; written < 2; ++written)
    for (unsigned i = 0; i < plan.count; ++i) {
      const Entry& entry = plan.entries[i];
      if (entry.tree >= 0 && may_change(entry) == (written == 1) && !put_back(entry)) return false;
    }
  return true;
}

bool cover(const Plan& plan, const Entry& entry) {
  char options[96];
  const bool temporary = entry.rule != Rule::hidden;
  const unsigned long long size = temporary ? plan.header.temporary_bytes : 1ULL << 20;
  unsigned long long files = kFewestFiles + size / kBytesOfFile;
  if (files > kMostFiles) files = kMostFiles;
  snprintf(options, sizeof options, "mode=%s,size=%llu,nr_inodes=%llu", temporary ? "1777" : "755",
           size, files);
  return mount("tmpfs", entry.path, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0 || errno == ENOENT;
}

// Modes, owners and times of files are not Landlock's: a user may change those of all that is his,
// root those of the whole system. What may be written to is taken out before, and put back as it
// is.
bool make_rest_read_only(Plan& plan) {
  for (unsigned i = 0; i < plan.count; ++i)
    if (may_change(plan.entries[i]) && strcmp(plan.entries[i].path, "/") == 0) return true;
  for (unsigned i = 0; i < plan.count; ++i) {
    Entry& entry = plan.entries[i];
    entry.tree = -1;
    if (entry.rule == Rule::hidden || (!covers(entry) && !may_change(entry))) continue;
    entry.tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, entry.path,
                                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (entry.tree < 0 && errno != ENOENT) return false;
  }
  const int root = open("/", O_PATH | O_CLOEXEC);
  const bool done = root >= 0 && make_read_only(root);
  const int error = errno;
  close(root);
  errno = error;
  if (!done) return false;
  for (int last = 0; last < 2; ++last)
    for (unsigned i = 0; i < plan.count; ++i) {
      const Entry& entry = plan.entries[i];
      const bool above = entry.rule == Rule::temporary;
      if (entry.tree < 0 || above == (last == 1)) continue;
      if (syscall(SYS_move_mount, entry.tree, "", AT_FDCWD, entry.path,
                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) != 0)
        return false;
      close(entry.tree);
    }
  return true;
}

void mounts(Plan& plan, Report& report) {
  char folder[4096];
  const bool somewhere = getcwd(folder, sizeof folder) != nullptr;
  // What the machine mounts later is seen here, and nothing of here there.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return refused(report, Part::mounts, "making mounts private");
  // What is put back into the first may be above what is hidden.
  for (const Rule covering : kCovering) {
    if (!keep_trees(plan, covering)) return refused(report, Part::mounts, "keeping a folder");
    for (unsigned i = 0; i < plan.count; ++i)
      if (plan.entries[i].rule == covering && !cover(plan, plan.entries[i]))
        return refused(report, Part::mounts, "mounting a tmpfs");
    if (!put_back(plan)) return refused(report, Part::mounts, "mounting a folder again");
  }
  if (!make_rest_read_only(plan)) return refused(report, Part::mounts, "making mounts read-only");
  // As it is now, not what is below.
  if (somewhere && chdir(folder) != 0) errno = 0;
  active(report, Part::mounts);
}

bool raise_loopback() {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return false;
  ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = ioctl(any, SIOCSIFFLAGS, &request) == 0;
  const int error = errno;
  close(any);
  errno = error;
  return up;
}

bool enter(Report& report, Part part, int flag, const char* step) {
  if (unshare(flag) == 0) return true;
  refused(report, part, step);
  return false;
}

void network(const Plan& plan, Report& report) {
  if (!plan.wants(kPrivateNetwork)) return;
  if (!enter(report, Part::network, CLONE_NEWNET, "network namespace")) return;
  if (plan.wants(kLoopback) && !raise_loopback())
    return refused(report, Part::network, "raising the loopback interface");
  active(report, Part::network);
}

void limit(__rlimit_resource_t what, rlim_t value) {
  rlimit now;
  // What is lower already stays.
  if (getrlimit(what, &now) == 0 && now.rlim_max < value) value = now.rlim_max;
  const rlimit wanted{value, value};
  setrlimit(what, &wanted);
}

}  // namespace

void separate(Plan& plan, Report& report) {
  // Root needs no user namespace for the others, and would see strange owners in it.
  const bool direct = unshare(CLONE_NEWNS) == 0;
  plan.user_namespace = !direct && enter_user_namespace();
  if (!direct && !plan.user_namespace) {
    const char* const step = "user namespace";
    refused(report, Part::mounts, step);
    refused(report, Part::ipc, step);
    if (!plan.wants(kStays)) refused(report, Part::processes, step);
    if (plan.wants(kPrivateNetwork)) refused(report, Part::network, step);
    return;
  }
  if (direct || enter(report, Part::mounts, CLONE_NEWNS, "mount namespace")) mounts(plan, report);
  if (enter(report, Part::ipc, CLONE_NEWIPC, "IPC namespace")) active(report, Part::ipc);
  network(plan, report);
  if (!plan.wants(kStays) && enter(report, Part::processes, CLONE_NEWPID, "PID namespace"))
    active(report, Part::processes);
  // Elsewhere the kernel counts what other programs of this user have as well, and nothing of root.
  report.limits_processes = plan.user_namespace && geteuid() != 0 && plan.header.processes > 0;
}

void mount_proc() {
  // Within a container the kernel may refuse it: then the names of others' processes are seen.
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr);
}

void limit_processes(const Plan& plan, const Report& report) {
  // One more, for the process that ends what it leaves.
  if (report.limits_processes != 0) limit(RLIMIT_NPROC, plan.header.processes + 1);
}

}  // namespace pelton::worker::sandbox
