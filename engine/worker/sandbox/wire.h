// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// What the engine and its launcher (launcher/main.cpp) tell each other. Both are of one build and
// on one machine, so the words are as the machine has them.
namespace pelton::worker::sandbox {

inline constexpr std::uint32_t kMagic = 0x31534250;  // "PBS1"

inline constexpr std::uint32_t kMostRules = 512;

// What a worker is kept from, each by itself and each by means of its own.
enum class Part : std::uint8_t {
  files,         // Landlock: paths that are not among the rules
  mounts,        // a mount namespace: the machine's /tmp, the engine's data
  processes,     // a PID namespace, or Landlock's scope: others' processes
  ipc,           // an IPC namespace: shared memory and queues of others
  network,       // a network namespace
  privileges,    // no capabilities, and no_new_privs
  system_calls,  // seccomp
};
inline constexpr std::size_t kParts = 7;

// What the plan wants beside its rules.
enum Wish : std::uint32_t {
  kRequired = 1,        // no worker with less than everything
  kPrivateNetwork = 2,  // a network namespace
  kLoopback = 4,        // ... with a loopback interface that is up
  // The process keeps its number and its parent, as a zygote has to: no PID namespace. In the
  // plan's place it has a ruleset of Landlock, which each of its copies is to add to its own: it
  // can signal only what it started then, and write only where workers may.
  kStays = 8,
};

enum class Rule : char {
  read = 'r',       // files there may be read and run
  write = 'w',      // anything
  own = 'o',        // as write, for the process itself and not for its copies
  device = 'd',     // may be read and written
  temporary = 't',  // an empty folder in memory, bounded by temporary_bytes;
                    // where the kernel refuses mounts: the machine's folder
  kept = 'k',       // as temporary, and below what others name
  hidden = 'h',     // an empty folder, but for what other rules name below it
};

// A plan is this, the filter (8 bytes an instruction), and the rules: a character and a path that
// ends with a zero.
struct PlanHeader {
  std::uint32_t magic = kMagic;
  std::uint32_t wishes = 0;
  std::uint64_t temporary_bytes = 0;
  std::uint64_t processes = 0;  // and threads, within a user namespace; 0: as they are
  std::uint32_t filter_instructions = 0;
  std::uint32_t rules = 0;
};

enum class State : std::uint8_t { unasked, active, refused };

struct PartReport {
  State state = State::unasked;
  std::int32_t error = 0;  // of the step that was refused
  char step[40] = {};
};

// The step that failed when kRequired was asked for and something is missing.
inline constexpr char kTooLittle[] = "isolation";

// What the launcher writes before it becomes the worker, and once more when that fails. Of one with
// a worker's number only that counts: the launcher tells it when the worker has told its own.
struct Report {
  std::uint32_t magic = kMagic;
  std::int32_t worker = 0;             // its number; 0: the launcher becomes the worker
  std::int32_t landlock_abi = 0;       // 0: there is none
  std::uint32_t limits_processes = 0;  // 1: PlanHeader::processes is the kernel's to hold
  PartReport parts[kParts] = {};
  std::int32_t error = 0;  // why there is no worker; 0: there is one
  char step[200] = {};
};

}  // namespace pelton::worker::sandbox
