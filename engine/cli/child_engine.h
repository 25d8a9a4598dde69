// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace pelton::cli {

// Resource. `pelton run` of this program as a child process, in the same process group and with the
// same descriptors. It is told to stop when this process dies. One thread: the one whose end is
// this process's.
class ChildEngine {
 public:
  ChildEngine() = default;
  // Tells it to stop and waits.
  ~ChildEngine();
  ChildEngine(const ChildEngine&) = delete;
  ChildEngine& operator=(const ChildEngine&) = delete;

  // While none is running; `words` are the arguments of `run`. E5024: no process could be made.
  Status start(const std::vector<std::string>& words);
  bool running() const { return pid_ > 0; }
  // Readable once it has ended; -1 while none is running.
  int fd() const { return fd_.get(); }
  void signal(int number) const;
  // Waits for its end: the exit code, or 1 if a signal ended it.
  int wait();

 private:
  pid_t pid_ = -1;
  UniqueFd fd_;
};

}  // namespace pelton::cli
