// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// What a worker leaves behind. Its children are in its process group, but for those that made a
// session of their own; therefore every worker adopts what its descendants leave (PR_SET_CHILD_
// SUBREAPER), and the engine adopts what a worker leaves.
namespace pelton::worker {

// In the environment of every worker: a value that no other process has.
inline constexpr std::string_view kWorkerVariable = "PELTON_WORKER";
// The same in that of the process that ends what an isolated copy of a zygote leaves.
inline constexpr std::string_view kGuardVariable = "PELTON_GUARD";

// Makes this process the parent of what its workers leave. Idempotent.
void adopt_orphans();

// All processes below `pid`, those that have ended and were not waited for excepted.
std::vector<pid_t> descendants(pid_t pid);

// How many processes there are at and below `pid`; stops counting beyond `enough`.
std::size_t count_processes(pid_t pid, std::size_t enough);

// SIGKILL for every descendant of `pid`, also for those that begin meanwhile.
void kill_descendants(pid_t pid);

// A child that somebody waits for: reap_orphans() leaves it alone. False: somebody does already.
// Any thread.
bool expect_end_of(pid_t child);
void end_seen_of(pid_t child);

// Waits for children of this process that have ended and that nobody waits for: what workers left.
void reap_orphans();

// SIGKILL for children of this process that have `worker` as their kWorkerVariable, and for all
// below them: what a worker of that name left. Waits for those that end within a moment.
void kill_orphans(const std::string& worker);

}  // namespace pelton::worker
