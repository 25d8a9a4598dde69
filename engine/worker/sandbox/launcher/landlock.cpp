// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/launcher/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The header of Debian 12 knows the first version only: these are the kernel's words.
namespace pelton::worker::sandbox {
namespace {

constexpr unsigned long kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
constexpr int kBeneath = 1;            // LANDLOCK_RULE_PATH_BENEATH

constexpr std::uint64_t kExecute = 1 << 0;
constexpr std::uint64_t kWriteFile = 1 << 1;
constexpr std::uint64_t kReadFile = 1 << 2;
constexpr std::uint64_t kReadFolder = 1 << 3;
constexpr std::uint64_t kFirstVersion = (1 << 13) - 1;
constexpr std::uint64_t kRefer = 1 << 13;          // since the second
constexpr std::uint64_t kTruncate = 1 << 14;       // the third
constexpr std::uint64_t kDeviceControl = 1 << 15;  // the fifth
constexpr std::uint64_t kChanges =
    (kFirstVersion | kRefer | kTruncate) & ~(kExecute | kReadFile | kReadFolder);
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kDeviceControl;

constexpr std::uint64_t kAbstractSockets = 1 << 0;  // both since the sixth
constexpr std::uint64_t kSignals = 1 << 1;

struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scoped;
};

struct __attribute__((packed)) Beneath {
  std::uint64_t allowed;
  std::int32_t parent;
};

std::uint64_t known_rights(int abi) {
  std::uint64_t rights = kFirstVersion;
  if (abi >= 2) rights |= kRefer;
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kDeviceControl;
  return rights;
}

std::uint64_t rights_of(const Entry& entry, bool mounted) {
  switch (entry.rule) {
    case Rule::read:
      return kExecute | kReadFile | kReadFolder;
    case Rule::device:
      return kReadFile | kWriteFile | kDeviceControl;
    case Rule::write:
    case Rule::own:
    case Rule::temporary:
    case Rule::kept:
      return ~kDeviceControl;
    // The machine's own is not to be seen.
    case Rule::hidden:
      return mounted ? kReadFolder : 0;
  }
  return 0;
}

// What is not there may not be opened either.
bool add_rule(int ruleset, const Entry& entry, std::uint64_t rights) {
  const int place = open(entry.path, O_PATH | O_CLOEXEC);
  if (place < 0) return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
  struct stat status;
  if (fstat(place, &status) == 0 && !S_ISDIR(status.st_mode)) rights &= kOfFiles;
  const Beneath beneath{rights, place};
  const bool added =
      rights == 0 || syscall(SYS_landlock_add_rule, ruleset, kBeneath, &beneath, 0) == 0;
  const int error = errno;
  close(place);
  errno = error;
  return added;
}

bool add_all_rules(int ruleset, const Plan& plan, std::uint64_t rights, bool mounted,
                   bool for_copies) {
  for (unsigned i = 0; i < plan.count; ++i) {
    const Entry& entry = plan.entries[i];
    if (for_copies && entry.rule == Rule::own) continue;
    if (!add_rule(ruleset, entry, rights_of(entry, mounted) & rights)) return false;
  }
  return true;
}

int make_ruleset(const Ruleset& wanted, int abi) {
  const std::size_t size = abi >= 6 ? sizeof wanted : sizeof wanted.files;
  return static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, size, 0));
}

// For the copies of a zygote: nobody but what they start can be signalled or looked into by them,
// the zygote and one another included.
bool leave_ruleset(const Plan& plan, int abi, bool mounted) {
  const Ruleset wanted{known_rights(abi) & kChanges, 0, kSignals};
  const int ruleset = make_ruleset(wanted, abi);
  return ruleset >= 0 && add_all_rules(ruleset, plan, wanted.files, mounted, true) &&
         dup2(ruleset, plan.descriptor) >= 0;
}

}  // namespace

void restrict_files(const Plan& plan, Report& report) {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  if (abi < 1) return refused(report, Part::files, "Landlock");
  report.landlock_abi = static_cast<std::int32_t>(abi);
  Ruleset wanted{known_rights(report.landlock_abi), 0, 0};
  if (abi >= 6) wanted.scoped = kSignals | (plan.wants(kPrivateNetwork) ? kAbstractSockets : 0);
  const int ruleset = make_ruleset(wanted, report.landlock_abi);
  if (ruleset < 0) return refused(report, Part::files, "Landlock");
  const bool mounted = part_of(report, Part::mounts).state == State::active;
  if (!add_all_rules(ruleset, plan, wanted.files, mounted, false))
    return refused(report, Part::files, "a rule of Landlock");
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    return refused(report, Part::files, "Landlock");
  close(ruleset);
  active(report, Part::files);
  if (!plan.wants(kStays)) return;
  if (abi < 6) errno = EOPNOTSUPP;
  if (abi < 6 || !leave_ruleset(plan, report.landlock_abi, mounted))
    return refused(report, Part::processes, "Landlock's scope of signals");
  active(report, Part::processes);
}

}  // namespace pelton::worker::sandbox
