// SPDX-License-Identifier: Apache-2.0
//
// pelton-sandbox DESCRIPTOR PROGRAM ARGUMENT...: makes itself, or a child of its own parent, into
// PROGRAM, kept from what the plan in the descriptor names; the one behind it takes the report. The
// engine runs it (engine/worker/sandbox/sandbox_launch.cpp), nobody else does.
//
// pelton-sandbox guard PID: waits for the end of a copy of a zygote and ends what that leaves. The
// copy runs it (functions/sdk/python/_zygote.c).
#include "engine/worker/sandbox/launcher/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pelton::worker::sandbox {
namespace {

constexpr int kUsage = 2;
constexpr int kFailed = 127;

Plan plan;
Report report;
int report_to = -1;
char** command = nullptr;

void tell() {
  const ssize_t told = write(report_to, &report, sizeof report);
  static_cast<void>(told);  // an engine that does not hear it has ended
}

[[noreturn]] void fail(const char* step, int error) {
  report.error = error;
  strncpy(report.step, step, sizeof report.step - 1);
  tell();
  _exit(kFailed);
}

bool is_active(Part part) {
  return part_of(report, part).state == State::active;
}

// As fork(), but the copy is a child of our parent, and has our descriptors.
pid_t copy(unsigned long flags) {
  return static_cast<pid_t>(
      syscall(SYS_clone, CLONE_PARENT | SIGCHLD | flags, nullptr, nullptr, nullptr, nullptr));
}

// The first process of a PID namespace: with its end the kernel ends all others. It waits for the
// end of the worker, which is the second, and for what the others leave.
[[noreturn]] void stay(int gate) {
  prctl(PR_SET_NAME, "pelton-init");
  signal(SIGCHLD, SIG_IGN);
  Report unused;
  drop_capabilities(unused);
  // Open until the worker is there.
  if (dup2(gate, 0) < 0) _exit(kFailed);
  syscall(SYS_close_range, 1U, ~0U, 0U);
  char nothing;
  while (read(0, &nothing, 1) < 0 && errno == EINTR) {
  }
  const int worker = static_cast<int>(syscall(SYS_pidfd_open, 2, 0));
  pollfd end{worker, POLLIN, 0};
  while (worker >= 0 && poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
  _exit(0);
}

// Everything that is missing, or nothing.
void refuse_less() {
  if (!plan.wants(kRequired)) return;
  for (const PartReport& part : report.parts)
    if (part.state == State::refused) fail(kTooLittle, part.error);
}

[[noreturn]] void become_worker() {
  if (is_active(Part::processes) && is_active(Part::mounts) && !plan.wants(kStays)) mount_proc();
  limit_processes(plan, report);
  confine(plan, report);
  refuse_less();
  tell();
  if (command[0] == nullptr) _exit(0);  // only what can be had was asked for
  execv(command[0], command + 1);
  fail(command[0], errno);
}

// What the launcher has of the engine's making, and a copy of it has not.
void become_leader() {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

// In a PID namespace the launcher itself cannot be: the worker is a child of the engine beside it.
// The launcher sleeps until that has become its program.
[[noreturn]] void launch_beside() {
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) fail("a pipe", errno);
  const pid_t init = copy(0);
  if (init < 0) fail("the first process of a PID namespace", errno);
  if (init == 0) stay(gate[0]);
  close(gate[0]);
  const pid_t worker = copy(CLONE_VFORK);
  if (worker == 0) {
    become_leader();
    become_worker();
  }
  if (worker < 0) fail("a process", errno);
  report.worker = worker;
  tell();
  _exit(0);
}

// Between two layers of Landlock: it may signal what the copy and its children are, which may not
// signal it, and nobody else. So a signal to all that it may signal reaches these, at one moment,
// however they are called and whoever their parents are.
[[noreturn]] void guard(pid_t copy) {
  prctl(PR_SET_NAME, "pelton-guard");
  // Whoever may signal the engine is in no such place.
  if (kill(getppid(), 0) == 0 || errno != EPERM) _exit(kFailed);
  setsid();
  if (chdir("/") != 0) _exit(kFailed);
  const int end = static_cast<int>(syscall(SYS_pidfd_open, copy, 0));
  if (end >= 0 && dup2(end, 0) < 0) _exit(kFailed);
  syscall(SYS_close_range, 1U, ~0U, 0U);
  pollfd wait{0, POLLIN, 0};
  while (end >= 0 && poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  kill(-1, SIGKILL);
  _exit(0);
}

int run(int count, char** words) {
  if (count < 2) return kUsage;
  if (strcmp(words[1], "guard") == 0) guard(count > 2 ? atoi(words[2]) : 0);
  const int descriptor = atoi(words[1]);
  report_to = descriptor + 1;
  command = words + 2;
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  fcntl(report_to, F_SETFD, FD_CLOEXEC);
  if (!read_plan(descriptor, plan)) fail("the plan", EINVAL);
  separate(plan, report);
  // Forgotten in a user namespace.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (is_active(Part::processes)) launch_beside();
  become_worker();
}

}  // namespace
}  // namespace pelton::worker::sandbox

int main(int count, char** words) {
  return pelton::worker::sandbox::run(count, words);
}
