// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/system_calls.h"

#include "engine/base/ensure.h"
#include "engine/base/unique_fd.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pelton::worker::sandbox {
namespace {

// What this architecture does not know is left out.
constexpr std::array kDenied{
    // the memory and the secrets of other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    "keyctl", "add_key", "request_key",
    // mounts and namespaces
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr", "unshare", "setns",
    // the machine
    "reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "settimeofday", "clock_settime",
    "stime", "sethostname", "setdomainname", "iopl", "ioperm", "syslog", "vhangup", "nfsservctl",
    "lookup_dcookie", "migrate_pages", "move_pages",
    // parts of the kernel with a history
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "fanotify_init", "name_to_handle_at", "open_by_handle_at", "uselib",
    "modify_ldt"};

constexpr std::array<std::uint64_t, 7> kNamespaces{CLONE_NEWNS,    CLONE_NEWUTS, CLONE_NEWIPC,
                                                   CLONE_NEWUSER,  CLONE_NEWPID, CLONE_NEWNET,
                                                   CLONE_NEWCGROUP};
constexpr std::array<scmp_datum_t, 4> kFamilies{AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
// Which argument is the mode of a file.
constexpr std::array<std::pair<const char*, unsigned>, 7> kModes{{{"chmod", 1},
                                                                  {"fchmod", 1},
                                                                  {"fchmodat", 2},
                                                                  {"fchmodat2", 2},
                                                                  {"creat", 1},
                                                                  {"mknod", 1},
                                                                  {"mknodat", 2}}};
// The same, if the flags before it make a file.
constexpr std::array<std::pair<const char*, unsigned>, 2> kOpens{{{"open", 2}, {"openat", 3}}};
constexpr scmp_datum_t kInputOfUser = 3;  // IOPRIO_WHO_USER
constexpr scmp_datum_t kTemporaryFile = O_TMPFILE & ~O_DIRECTORY;
// Which argument names another process, 0 being oneself.
constexpr std::array<std::pair<const char*, unsigned>, 6> kOfOthers{{{"setpriority", 1},
                                                                     {"ioprio_set", 1},
                                                                     {"sched_setaffinity", 0},
                                                                     {"sched_setscheduler", 0},
                                                                     {"sched_setparam", 0},
                                                                     {"sched_setattr", 0}}};

#if defined(__s390__)
constexpr unsigned kFlagsOfClone = 1;
#else
constexpr unsigned kFlagsOfClone = 0;
#endif

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

// Newer calls have the same number everywhere, and this version of libseccomp may not know them.
int number_of(std::string_view name) {
  const int call = ::seccomp_syscall_resolve_name(std::string(name).c_str());
  if (call != __NR_SCMP_ERROR) return call;
  if (name == "fchmodat2") return 452;
  if (name == "open_tree_attr") return 467;
  return call;
}

void deny(scmp_filter_ctx filter, const char* name) {
  if (const int call = number_of(name); call != __NR_SCMP_ERROR)
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
}

void deny_if(scmp_filter_ctx filter, int call, std::initializer_list<scmp_arg_cmp> arguments) {
  ENSURE(::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call,
                                  static_cast<unsigned>(arguments.size()), arguments.begin()) == 0,
         "a rule of seccomp was refused");
}

scmp_arg_cmp has(unsigned argument, scmp_datum_t bit) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bit, bit);
}

// Any but those: an argument may be compared once in a rule.
void deny_families(scmp_filter_ctx filter) {
  for (scmp_datum_t family = 0; family <= kFamilies.back(); ++family)
    if (std::ranges::find(kFamilies, family) == kFamilies.end())
      deny_if(filter, SCMP_SYS(socket), {SCMP_CMP32(0, SCMP_CMP_EQ, family)});
  deny_if(filter, SCMP_SYS(socket), {SCMP_CMP32(0, SCMP_CMP_GT, kFamilies.back())});
}

// A program of root, or of the engine's user, for whoever comes upon it.
void deny_set_user_id(scmp_filter_ctx filter) {
  for (const scmp_datum_t bit : {S_ISUID, S_ISGID}) {
    for (const auto& [name, argument] : kModes)
      deny_if(filter, number_of(name), {has(argument, bit)});
    for (const auto& [name, argument] : kOpens)
      for (const scmp_datum_t flag : {scmp_datum_t{O_CREAT}, kTemporaryFile})
        deny_if(filter, number_of(name), {has(argument - 1, flag), has(argument, bit)});
  }
  // Its mode is in memory, where no filter looks.
  ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
}

// Where the engine has a number: with the same user that is all it takes.
void deny_limits_of_others(scmp_filter_ctx filter) {
  for (const auto& [name, argument] : kOfOthers)
    deny_if(filter, number_of(name), {SCMP_CMP32(argument, SCMP_CMP_NE, 0)});
  deny_if(filter, SCMP_SYS(setpriority), {SCMP_CMP32(0, SCMP_CMP_EQ, PRIO_USER)});
  deny_if(filter, SCMP_SYS(ioprio_set), {SCMP_CMP32(0, SCMP_CMP_EQ, kInputOfUser)});
  // With a new limit.
  deny_if(filter, SCMP_SYS(prlimit64),
          {SCMP_CMP32(0, SCMP_CMP_NE, 0), SCMP_CMP64(2, SCMP_CMP_NE, 0)});
}

void deny_all(scmp_filter_ctx filter, bool among_others) {
  for (const char* name : kDenied) deny(filter, name);
  if (among_others) deny_limits_of_others(filter);
  deny_set_user_id(filter);
  for (const std::uint64_t flag : kNamespaces)
    deny_if(filter, SCMP_SYS(clone), {has(kFlagsOfClone, flag)});
  // Its flags are in memory, where no filter looks: the C library then uses clone.
  ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  deny_families(filter);
  // Types into the terminal of whoever started the engine.
  for (const scmp_datum_t request : {TIOCSTI, TIOCLINUX})
    deny_if(filter, SCMP_SYS(ioctl), {SCMP_CMP32(1, SCMP_CMP_EQ, request)});
}

std::vector<sock_filter> exported(scmp_filter_ctx filter) {
  const UniqueFd fd(::memfd_create("pelton-seccomp", MFD_CLOEXEC));
  if (!fd || ::seccomp_export_bpf(filter, fd.get()) != 0) return {};
  const auto size = ::lseek(fd.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(fd.get(), program.data(), program.size() * sizeof(sock_filter), 0) != size) return {};
  return program;
}

std::vector<sock_filter> make(bool among_others) {
  const Filter filter(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release);
  ENSURE(filter, "libseccomp has no memory");
  // Programs of other architectures that the machine runs (32 bits) would have other numbers.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  deny_all(filter.get(), among_others);
  return exported(filter.get());
}

}  // namespace

std::span<const sock_filter> denied_system_calls(bool among_others) {
  static const std::vector<sock_filter> alone = make(false);
  static const std::vector<sock_filter> among = make(true);
  return among_others ? among : alone;
}

}  // namespace pelton::worker::sandbox
