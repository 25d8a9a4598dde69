// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/child_process.h"

#include "engine/worker/process/descendants.h"
#include "engine/worker/sandbox/sandbox_launch.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <utility>

namespace pelton::worker {
namespace {

using boost::system::error_code;
// Output that grandchildren hold open is not waited for longer.
constexpr auto kOutputGrace = std::chrono::milliseconds(200);
// In which a process writes its stacks.
constexpr auto kStackGrace = std::chrono::milliseconds(100);

std::string next_identity() {
  static std::atomic<std::uint64_t> next{1};
  // All have the same length: a zygote's copies write theirs in its place.
  return fmt::format("{}-{:016}", ::getpid(), next++);
}

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_usec);
}

}  // namespace

ChildProcess::ChildProcess(boost::asio::io_context& io, ProcessEvents& events)
    : events_(events),
      out_(io, [this](std::string_view text) { events_.wrote(false, text); }),
      err_(io, [this](std::string_view text) { events_.wrote(true, text); }),
      pidfd_(io),
      grace_(io) {}

std::unique_ptr<Process> child_process(boost::asio::io_context& io, ProcessEvents& events) {
  return std::make_unique<ChildProcess>(io, events);
}

ChildProcess::~ChildProcess() {
  if (child_.pid <= 0 || exited_) return;
  kill();
  ::waitpid(child_.pid, nullptr, 0);
  exited_ = true;
  clean_up();
}

std::string ChildProcess::new_identity(LaunchPlan& plan) {
  std::string identity = next_identity();
  plan.environment.insert_or_assign(std::string(kWorkerVariable), identity);
  return identity;
}

Status ChildProcess::start(LaunchPlan plan) {
  identity_ = new_identity(plan);
  adopt_orphans();
  stack_signal_ = plan.stack_signal;
  auto launched =
      plan.sandbox ? sandbox::launch_confined(std::move(plan)) : launch(std::move(plan));
  if (!launched) return std::unexpected(launched.error());
  expect_end_of(launched->pid);
  return adopt(std::move(*launched));
}

void ChildProcess::start(LaunchPlan plan, Zygote& zygote, Started started) {
  identity_ = new_identity(plan);
  stack_signal_ = plan.stack_signal;
  zygote.copy(std::move(plan), identity_,
              [this, identity = identity_, started = std::move(started),
               alive = std::weak_ptr(alive_)](Result<Child> child) {
                if (!alive.expired()) return made(std::move(child), started);
                if (child) end_unwanted(*child, identity);
              });
}

void ChildProcess::made(Result<Child> child, const Started& started) {
  Status status;
  if (child)
    status = adopt(std::move(*child));
  else
    status = std::unexpected(child.error());
  if (!status && child_.pid > 0) end_unwanted(std::exchange(child_, {}), identity_);
  if (kill_when_made_) kill();
  started(status);
}

Status ChildProcess::adopt(Child&& child) {
  child_ = std::move(child);
  if (auto ok = adopt_descriptors(); !ok) return ok;
  open_outputs_ = 2;
  read(out_);
  read(err_);
  wait_end();
  return {};
}

Status ChildProcess::adopt_descriptors() {
  error_code error;
  const auto adopt = [&error](Descriptor& to, UniqueFd& from) {
    if (!error) to.assign(from.get(), error);
    if (!error) from.release();
  };
  adopt(out_.descriptor, child_.out);
  adopt(err_.descriptor, child_.err);
  adopt(pidfd_, child_.pidfd);
  if (!error) out_.descriptor.non_blocking(true, error);
  if (!error) err_.descriptor.non_blocking(true, error);
  if (error) return fail_errno("E3001", "watching a worker", error.value());
  return {};
}

void ChildProcess::read(Output& from) {
  from.descriptor.async_read_some(
      boost::asio::buffer(from.buffer),
      [this, &from, alive = std::weak_ptr(alive_)](const error_code& error, std::size_t count) {
        if (alive.expired()) return;
        if (error) {
          from.lines.finish(Clock::now());
          --open_outputs_;
          return end_when_read();
        }
        from.lines.add({from.buffer.data(), count}, Clock::now());
        read(from);
      });
}

void ChildProcess::read_output() {
  read_now(out_);
  read_now(err_);
}

// In a buffer of its own, for a read is waiting with the other. The end is left to that one; a
// child that never stops writing has its answer delayed by 256 KiB at most.
void ChildProcess::read_now(Output& from) {
  if (!from.descriptor.is_open()) return;
  std::array<char, 16384> buffer;
  for (int most = 16; most > 0; --most) {
    const ssize_t count = ::read(from.descriptor.native_handle(), buffer.data(), buffer.size());
    if (count <= 0) return;
    from.lines.add({buffer.data(), static_cast<std::size_t>(count)}, Clock::now());
  }
}

void ChildProcess::wait_end() {
  pidfd_.async_wait(Descriptor::wait_read,
                    [this, alive = std::weak_ptr(alive_)](const error_code& error) {
                      if (!error && !alive.expired()) on_end();
                    });
}

void ChildProcess::on_end() {
  int status = 0;
  rusage usage{};
  // Its group before the wait, which frees its number for others.
  ::kill(-child_.pid, SIGKILL);
  ::wait4(child_.pid, &status, 0, &usage);
  exited_ = true;
  clean_up();
  cpu_us_ = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  ending_ = ending_text(status);
  grace_.expires_after(kOutputGrace);
  grace_.async_wait([this, alive = std::weak_ptr(alive_)](const error_code& error) {
    if (error || alive.expired()) return;
    open_outputs_ = 0;
    end_when_read();
  });
  end_when_read();
}

// What it left became ours when it ended.
void ChildProcess::clean_up() {
  end_seen_of(child_.pid);
  kill_orphans(identity_);
  reap_orphans();
}

void ChildProcess::end_when_read() {
  if (exited_ && open_outputs_ <= 0 && !std::exchange(told_, true)) events_.exited();
}

void ChildProcess::kill() {
  kill_when_made_ = true;
  if (child_.pid <= 0 || exited_) return;
  // Stopped, it does not act on the ends of its children.
  ::kill(-child_.pid, SIGSTOP);
  kill_descendants(child_.pid);
  ::kill(-child_.pid, SIGKILL);
}

void ChildProcess::kill_with_stack() {
  if (exited_ || stack_asked_) return;
  if (child_.pid <= 0 || stack_signal_ == 0) return kill();
  stack_asked_ = true;
  ::kill(child_.pid, stack_signal_);
  grace_.expires_after(kStackGrace);
  grace_.async_wait([this, alive = std::weak_ptr(alive_)](const error_code& error) {
    if (!error && !alive.expired()) kill();
  });
}

void ChildProcess::tell_dropped(Clock::time_point now) {
  out_.lines.tell_dropped(now);
  err_.lines.tell_dropped(now);
}

std::string ChildProcess::last_lines() const {
  const std::string err = err_.lines.last_lines();
  return err.empty() ? out_.lines.last_lines() : err;
}

std::uint64_t ChildProcess::memory_bytes() const {
  std::ifstream statm(fmt::format("/proc/{}/statm", child_.pid));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace pelton::worker
