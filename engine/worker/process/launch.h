// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pelton::worker {

struct Launch {
  std::vector<std::string> command;  // the program is looked up in PATH when it has no slash
  std::map<std::string, std::string> environment;  // all of it: nothing is inherited
  std::string folder;                              // where it runs; empty: ours
  std::optional<std::uint64_t> memory_bytes;       // RLIMIT_DATA
};

// Resource. A child in a session and process group of its own, with nothing of ours open but its
// standard streams, the socket (descriptor 3) and the progress page (4). It is killed when the
// thread that started it ends, so also when the engine is. Owns what is on our side of it.
struct Process {
  pid_t pid = -1;
  UniqueFd pidfd;   // readable once it has ended
  UniqueFd socket;  // non-blocking
  UniqueFd out;     // its stdout and stderr, non-blocking
  UniqueFd err;
  UniqueFd progress;  // memfd of kProgressBytes
};
inline constexpr std::size_t kProgressBytes = 4096;

// E3001: the program cannot be started; names it, and what of it failed.
Result<Process> launch(const Launch& launch);

// The environment of every worker: what is on the allow-list (PATH, HOME, USER, LANG, LC_*, TZ,
// TMPDIR), what the config adds, and the worker's own variables, which the config cannot change.
std::map<std::string, std::string> worker_environment(
    const std::map<std::string, std::string>& configured);

// The program's path as exec would find it; nothing when it is not there or not executable.
std::optional<std::string> find_program(const std::string& name);

// How a wait status reads: "exit 3", "signal 9".
std::string ending_text(int wait_status);

}  // namespace pelton::worker
