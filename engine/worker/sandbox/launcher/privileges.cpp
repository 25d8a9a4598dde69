// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/launcher/steps.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pelton::worker::sandbox {
namespace {

void filter_system_calls(const Plan& plan, Report& report) {
  sock_fprog program;
  program.len = static_cast<unsigned short>(plan.header.filter_instructions);
  program.filter = const_cast<sock_filter*>(plan.filter);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    return refused(report, Part::system_calls, "seccomp");
  active(report, Part::system_calls);
}

}  // namespace

void drop_capabilities(Report& report) {
  // Those that the kernel does not know are refused, and with a bounding set that is empty already,
  // all are.
  for (int one = 0; one < 64; ++one)
    if (prctl(PR_CAPBSET_READ, one, 0, 0, 0) == 1 && prctl(PR_CAPBSET_DROP, one, 0, 0, 0) != 0 &&
        geteuid() == 0)
      return refused(report, Part::privileges, "the capabilities' bounding set");
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  if (syscall(SYS_capset, &header, none) != 0)
    return refused(report, Part::privileges, "capabilities");
  active(report, Part::privileges);
}

void confine(const Plan& plan, Report& report) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return refused(report, Part::privileges, "no_new_privs");
  restrict_files(plan, report);
  drop_capabilities(report);
  filter_system_calls(plan, report);
}

}  // namespace pelton::worker::sandbox
