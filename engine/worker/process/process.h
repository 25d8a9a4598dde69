// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/process/launch.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace pelton::worker {

class Zygote;

// Interface. What is heard of a process.
class ProcessEvents {
 public:
  virtual ~ProcessEvents() = default;
  // One line of its output; see OutputLines.
  virtual void wrote(bool standard_error, std::string_view line) = 0;
  // It is gone, and its output read. Once, and the last of its events: may destroy the process.
  virtual void exited() = 0;
};

// Interface. What a worker runs in: its output, its resources, its end and that of everything it
// started. Knows no protocol. Shard-confined. Destroying it kills it.
class Process {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~Process() = default;

  // E3001 as launch().
  virtual Status start(LaunchPlan plan) = 0;
  // As a copy of the zygote, which takes a moment: tells how that went, once, and not from within
  // this call. When it cannot be made, another start() may follow. May destroy the process.
  using Started = std::function<void(Status)>;
  virtual void start(LaunchPlan plan, Zygote& zygote, Started started) = 0;
  // SIGKILL for it and whatever it started, sessions of their own included. One that is still being
  // made is killed as soon as it is there.
  virtual void kill() = 0;
  // The same in a moment; before that it is asked to write its stacks, if it can. Idempotent.
  virtual void kill_with_stack() = 0;
  // Reads what it has written and is not read yet.
  virtual void read_output() = 0;
  // Tells of lines that were dropped, if it is time to.
  virtual void tell_dropped(Clock::time_point now) = 0;

  virtual int pid() const = 0;  // -1: it is not there yet
  // What came of its sandbox; of a copy that of the zygote.
  virtual const std::optional<sandbox::Outcome>& sandbox() const = 0;
  virtual bool has_exited() const = 0;
  // After exited(): "exit 3", "signal 9"; its processor time and that of its children.
  virtual const std::string& ending() const = 0;
  virtual std::uint64_t cpu_us() const = 0;
  // The end of what it wrote, of standard error if it wrote there.
  virtual std::string last_lines() const = 0;
  // Resident, now.
  virtual std::uint64_t memory_bytes() const = 0;
};

// Makes one that is not started yet. `events` outlives it.
using ProcessMaker =
    std::function<std::unique_ptr<Process>(boost::asio::io_context& io, ProcessEvents& events)>;
// A child of this process.
std::unique_ptr<Process> child_process(boost::asio::io_context& io, ProcessEvents& events);

}  // namespace pelton::worker
