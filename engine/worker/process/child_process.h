// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/process/launch.h"
#include "engine/worker/process/output_lines.h"
#include "engine/worker/process/zygote.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::worker {

// Interface. What is heard of a child process.
class ChildEvents {
 public:
  virtual ~ChildEvents() = default;
  // One line of its output; see OutputLines.
  virtual void wrote(bool standard_error, std::string_view line) = 0;
  // It is gone, and its output read. Once, and the last of its events: may destroy the process.
  virtual void exited() = 0;
};

// A child process: its output, its resources, its end and that of everything it started. Knows no
// protocol. Shard-confined. Destroying it kills it.
class ChildProcess {
 public:
  using Clock = std::chrono::steady_clock;

  ChildProcess(boost::asio::io_context& io, ChildEvents& events);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // E3001 as launch().
  Status start(LaunchPlan plan);
  // As a copy of the zygote, which takes a moment: tells how that went, once, and not from within
  // this call. When it cannot be made, another start() may follow. May destroy the process.
  using Started = std::function<void(Status)>;
  void start(LaunchPlan plan, Zygote& zygote, Started started);
  // SIGKILL for it and whatever it started, sessions of their own included. One that is still being
  // made is killed as soon as it is there.
  void kill();
  // The same in a moment; before that it is asked to write its stacks, if it can. Idempotent.
  void kill_with_stack();
  // Reads what it has written and is not read yet.
  void read_output();
  // Tells of lines that were dropped, if it is time to.
  void tell_dropped(Clock::time_point now);

  int pid() const { return child_.pid; }  // -1: it is not there yet
  // What came of its sandbox; of a copy that of the zygote.
  const std::optional<sandbox::Outcome>& sandbox() const { return child_.sandbox; }
  bool has_exited() const { return exited_; }
  // After exited(): "exit 3", "signal 9"; its processor time and that of its children.
  const std::string& ending() const { return ending_; }
  std::uint64_t cpu_us() const { return cpu_us_; }
  // The end of what it wrote, of standard error if it wrote there.
  std::string last_lines() const;
  // Resident, now.
  std::uint64_t memory_bytes() const;

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  struct Output {
    Output(boost::asio::io_context& io, std::function<void(std::string_view)> line)
        : descriptor(io), lines(std::move(line)) {}
    Descriptor descriptor;
    OutputLines lines;
    std::array<char, 16384> buffer;
  };

  static std::string new_identity(LaunchPlan& plan);
  Status adopt(Child&& child);
  Status adopt_descriptors();
  void made(Result<Child> child, const Started& started);
  void read(Output& from);
  static void read_now(Output& from);
  void wait_end();
  void on_end();
  void clean_up();
  void end_when_read();

  ChildEvents& events_;
  Child child_;
  std::string identity_;  // kWorkerVariable's value
  Output out_, err_;
  Descriptor pidfd_;
  boost::asio::steady_timer grace_;
  int open_outputs_ = 0;
  int stack_signal_ = 0;
  bool kill_when_made_ = false;
  bool stack_asked_ = false;
  bool exited_ = false;
  bool told_ = false;
  std::string ending_;
  std::uint64_t cpu_us_ = 0;
  // Owned by this alone; operations under way look whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker
