// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/worker/sandbox/sandbox.h"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pelton::worker {

// How a process is started. Knows no protocol.
struct LaunchPlan {
  std::vector<std::string> command;  // the program is looked up in PATH when it has no slash
  std::map<std::string, std::string> environment;  // all of it: nothing is inherited
  std::string folder;                              // where it runs; empty: ours
  std::optional<std::uint64_t> memory_bytes;       // RLIMIT_DATA
  std::optional<std::uint32_t> open_files;         // RLIMIT_NOFILE
  int nice = 0;                                    // added to ours
  std::vector<UniqueFd> descriptors;               // the child has them as 3, 4, ...
  std::vector<std::string> reads;  // files and folders that it needs beside the function's own
  std::optional<sandbox::Plan> sandbox;
  int stack_signal = 0;  // has it write its stacks to standard error; 0: there is none
};

// Resource. A child in a session and process group of its own, with nothing of ours open but its
// standard streams and the plan's descriptors. It is killed when the thread that started it ends,
// so also when the engine is. Owns what is on our side of it.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // readable once it has ended
  UniqueFd out;    // its stdout and stderr, non-blocking
  UniqueFd err;
  std::optional<sandbox::Outcome> sandbox;  // of one with such a plan
};

// Where a child's standard output and error begin; closed on our side once it has them.
struct OutputEnds {
  UniqueFd out, err;
};
// Makes them, and their other ends in `child`. E3001.
Result<OutputEnds> open_outputs(Child& child);

// E3001: the program cannot be started; names it, and what of it failed. The plan's descriptors are
// closed on our side. A sandbox is left to sandbox::launch().
Result<Child> launch(LaunchPlan plan);

// The environment that every worker has: what is on the allow-list of ours (PATH, HOME, USER, LANG,
// LC_*, TZ, TMPDIR) and what the config adds.
std::map<std::string, std::string> worker_environment(
    const std::map<std::string, std::string>& configured);

// The program's path as exec would find it; nothing when it is not there or not executable.
std::optional<std::string> find_program(const std::string& name);

// How a wait status reads: "exit 3", "signal 9".
std::string ending_text(int wait_status);

}  // namespace pelton::worker
