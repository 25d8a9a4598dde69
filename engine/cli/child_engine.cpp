// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/child_engine.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace pelton::cli {
namespace {

// As the shell reports that a program could not be run.
constexpr int kNotRun = 127;

[[noreturn]] void become_engine(char* const* arguments, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kNotRun);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv("/proc/self/exe", arguments);
  ::_exit(kNotRun);
}

}  // namespace

ChildEngine::~ChildEngine() {
  if (!running()) return;
  signal(SIGTERM);
  wait();
}

Status ChildEngine::start(const std::vector<std::string>& words) {
  std::vector<std::string> all{"pelton", "run"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_engine(arguments.data(), parent);
  if (pid < 0)
    return fail(ErrorKind::unavailable, "E5024", "cannot start a process: {}",
                std::strerror(errno));
  pid_ = pid;
  // glibc 2.36 declares its pidfd_open() for C alone.
  fd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return {};
}

void ChildEngine::signal(int number) const {
  if (running()) ::kill(pid_, number);
}

int ChildEngine::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  fd_.reset();
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

}  // namespace pelton::cli
