// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/standard_error.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace pelton::observe {
namespace {

sigset_t broken_pipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

// Resource. SIGPIPE is not delivered to this thread, whatever the process does about it. One that
// was pending before stays.
class WithoutBrokenPipe {
 public:
  WithoutBrokenPipe() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    const sigset_t set = broken_pipe();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~WithoutBrokenPipe() {
    const int error = errno;
    const sigset_t set = broken_pipe();
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&set, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  WithoutBrokenPipe(const WithoutBrokenPipe&) = delete;
  WithoutBrokenPipe& operator=(const WithoutBrokenPipe&) = delete;

 private:
  sigset_t before_{};
  bool was_pending_ = false;
};

// A terminal that another process made non-blocking, for example. False: it is broken.
bool wait_for_room() {
  pollfd one{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&one, 1, -1) >= 0 || errno == EINTR;
}

}  // namespace

void write_standard_error(std::string_view text) {
  const WithoutBrokenPipe guard;
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait_for_room()) return;
  }
}

}  // namespace pelton::observe
