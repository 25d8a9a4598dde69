// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/process/output_lines.h"
#include "engine/worker/process/process.h"
#include "engine/worker/process/zygote.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::worker {

// A child of this process.
class ChildProcess final : public Process {
 public:
  ChildProcess(boost::asio::io_context& io, ProcessEvents& events);
  ~ChildProcess() override;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  Status start(LaunchPlan plan) override;
  void start(LaunchPlan plan, Zygote& zygote, Started started) override;
  void kill() override;
  void kill_with_stack() override;
  void read_output() override;
  void tell_dropped(Clock::time_point now) override;

  int pid() const override { return child_.pid; }
  const std::optional<sandbox::Outcome>& sandbox() const override { return child_.sandbox; }
  bool has_exited() const override { return exited_; }
  const std::string& ending() const override { return ending_; }
  std::uint64_t cpu_us() const override { return cpu_us_; }
  std::string last_lines() const override;
  std::uint64_t memory_bytes() const override;

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

  ProcessEvents& events_;
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
