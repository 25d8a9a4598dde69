// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/machine.h"

#include "engine/base/ensure.h"
#include "tests/simulation/shard/program.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {
namespace {

// Beyond the function's own: the pool's ticks, the stacks that a process may write first, its end,
// and a machine that stood still in between.
constexpr Duration kPatience = std::chrono::seconds(3);

class SimProcess final : public worker::Process {
 public:
  SimProcess(Machine& machine, worker::ProcessEvents& events)
      : machine_(machine), events_(events) {}
  ~SimProcess() override {
    if (program_) program_->disconnect();
  }

  Status start(worker::LaunchPlan) override {
    const auto& world = machine_.world();
    if (world.dice.chance(world.faults.cannot_start))
      return fail(ErrorKind::unavailable, "E3001", "no process can be made");
    program_ = machine_.begin();
    program_->run([this](std::string ending) {
      ending_ = std::move(ending);
      exited_ = true;
      events_.exited();
    });
    return {};
  }
  void start(worker::LaunchPlan, worker::Zygote&, Started) override {
    ENSURE(false, "the runtime has no zygote");
  }
  void kill() override {
    if (program_) program_->kill();
  }
  void kill_with_stack() override {
    if (!program_ || std::exchange(stack_asked_, true)) return;
    program_->times_out(machine_.world().scenario.config.functions.front().timeout);
    machine_.world().scheduler.after(std::chrono::milliseconds(100),
                                     [program = std::weak_ptr(program_)] {
                                       if (const auto here = program.lock()) here->kill();
                                     });
  }
  void read_output() override {}
  void tell_dropped(Clock::time_point) override {}

  int pid() const override { return program_ ? program_->pid() : -1; }
  const std::optional<worker::sandbox::Outcome>& sandbox() const override { return sandbox_; }
  bool has_exited() const override { return exited_; }
  const std::string& ending() const override { return ending_; }
  std::uint64_t cpu_us() const override { return 0; }
  std::string last_lines() const override { return "its last words"; }
  std::uint64_t memory_bytes() const override { return 20U << 20; }

 private:
  Machine& machine_;
  worker::ProcessEvents& events_;
  std::shared_ptr<Program> program_;  // with the machine, until it ends
  const std::optional<worker::sandbox::Outcome> sandbox_;
  std::string ending_;
  bool stack_asked_ = false;
  bool exited_ = false;
};

class SimSession final : public worker::Session {
 public:
  explicit SimSession(Machine& machine) : machine_(machine) {}
  ~SimSession() override {
    if (program_) program_->disconnect();
  }

  Status start(worker::SessionEvents& events, pid_t process) override {
    program_ = machine_.find(process);
    program_->connect(events);
    return {};
  }
  std::size_t room() const override { return program_->room(); }
  void invoke(const model::Frame& frame) override { program_->invoke(frame); }
  bool cancel(const worker::Invocation&) override { return false; }
  std::vector<worker::Invocation> begun(std::chrono::steady_clock::time_point) override {
    return program_ ? program_->begun() : std::vector<worker::Invocation>{};
  }
  std::vector<worker::Tail> take_back(std::chrono::steady_clock::time_point now,
                                      std::chrono::nanoseconds patience) override {
    return program_->take_back(now, patience);
  }
  bool hands_over_one_by_one() const override { return false; }
  void end_input() override { program_->end_input(); }

 private:
  Machine& machine_;
  std::shared_ptr<Program> program_;  // with the machine, until it ends
};

}  // namespace

worker::RuntimeSpec Machine::make_runtime() {
  worker::RuntimeSpec spec;
  spec.prepare = [this](const worker::WorkerSetup&) -> Result<worker::PreparedWorker> {
    return worker::PreparedWorker{{}, std::make_unique<SimSession>(*this)};
  };
  spec.process = [this](boost::asio::io_context&, worker::ProcessEvents& events) {
    return std::make_unique<SimProcess>(*this, events);
  };
  return spec;
}

std::shared_ptr<Program> Machine::begin() {
  const int pid = next_pid_++;
  return programs_.emplace(pid, std::make_shared<Program>(*this, pid)).first->second;
}

std::shared_ptr<Program> Machine::find(int pid) const {
  const auto program = programs_.find(pid);
  ENSURE(program != programs_.end(), "process {} does not run", pid);
  return program->second;
}

void Machine::ended(int pid) {
  programs_.erase(pid);
}

void Machine::end_all() {
  while (!programs_.empty()) {
    const auto program = programs_.begin()->second;
    program->disconnect();
    program->end("signal 9");
  }
}

void Machine::check(std::size_t replaced) {
  const config::Function& function = world_.scenario.config.functions.front();
  const auto wanted = static_cast<std::uint64_t>(std::ranges::count_if(
      programs_, [](const auto& program) { return program.second->wanted(); }));
  ShardHistory& history = world_.history;
  history.seen.most_at_once = std::max(history.seen.most_at_once, wanted);
  if (wanted > function.scale.max + replaced)
    history.violation("{} processes serve a function that may have {}", wanted, function.scale.max);
  for (const auto& [pid, program] : programs_)
    if (const auto since = program->at_work_since();
        since && world_.scheduler.now() - *since > function.timeout + kPatience)
      history.violation("process {} has been at an event for {} ms, and nobody ends it", pid,
                        (world_.scheduler.now() - *since) / std::chrono::milliseconds(1));
}

}  // namespace pelton::simulation
