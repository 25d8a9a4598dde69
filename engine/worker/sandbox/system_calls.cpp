// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/system_calls.h"

#include "engine/base/ensure.h"
#include "engine/base/unique_fd.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

namespace pelton::worker::sandbox {
namespace {

// What this version of libseccomp or this architecture does not know is left out.
constexpr std::array kDenied{
    // the memory and the secrets of other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    "keyctl", "add_key", "request_key",
    // mounts and namespaces
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns",
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
constexpr std::array kFamilies{AF_PACKET, AF_ALG, AF_VSOCK, AF_KEY,
                               AF_TIPC,   AF_RDS, AF_CAN,   AF_XDP};

#if defined(__s390__)
constexpr unsigned kFlagsOfClone = 1;
#else
constexpr unsigned kFlagsOfClone = 0;
#endif

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

void deny(scmp_filter_ctx filter, const char* name) {
  if (const int call = ::seccomp_syscall_resolve_name(name); call != __NR_SCMP_ERROR)
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
}

void deny_if(scmp_filter_ctx filter, int call, const scmp_arg_cmp& argument) {
  ENSURE(::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &argument) == 0,
         "a rule of seccomp was refused");
}

void deny_all(scmp_filter_ctx filter) {
  for (const char* name : kDenied) deny(filter, name);
  for (const std::uint64_t flag : kNamespaces)
    deny_if(filter, SCMP_SYS(clone), SCMP_CMP64(kFlagsOfClone, SCMP_CMP_MASKED_EQ, flag, flag));
  // Its flags are in memory, where no filter looks: the C library then uses clone.
  ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  for (const int family : kFamilies)
    deny_if(filter, SCMP_SYS(socket),
            SCMP_CMP32(0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)));
  // Types into the terminal of whoever started the engine.
  deny_if(filter, SCMP_SYS(ioctl), SCMP_CMP32(1, SCMP_CMP_EQ, TIOCSTI));
}

std::vector<sock_filter> exported(scmp_filter_ctx filter) {
  const UniqueFd fd(::memfd_create("pelton-seccomp", MFD_CLOEXEC));
  if (!fd || ::seccomp_export_bpf(filter, fd.get()) != 0) return {};
  const auto size = ::lseek(fd.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(fd.get(), program.data(), program.size() * sizeof(sock_filter), 0) != size) return {};
  return program;
}

std::vector<sock_filter> make() {
  const Filter filter(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release);
  ENSURE(filter, "libseccomp has no memory");
  // Programs of other architectures that the machine runs (32 bits) would have other numbers.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  deny_all(filter.get());
  return exported(filter.get());
}

}  // namespace

std::span<const sock_filter> denied_system_calls() {
  static const std::vector<sock_filter> program = make();
  return program;
}

}  // namespace pelton::worker::sandbox
