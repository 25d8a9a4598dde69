// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/shard/shard_history.h"

#include <map>
#include <memory>

namespace pelton::simulation {

class Program;

// Where worker processes run: each has a program, which serves a session as a native SDK does and
// treats events as the scenario wants it, or dies, hangs and lies as the faults say.
class Machine {
 public:
  // What a program needs to run.
  struct World {
    Scheduler& scheduler;
    Dice& dice;
    const ShardScenario& scenario;
    // As they are now; and the events whose function has been put right.
    const ShardFaults& faults;
    const std::set<std::uint64_t>& mended;
    ShardHistory& history;
  };

  explicit Machine(const World& world) : world_(world), runtime_(make_runtime()) {}

  // The runtime of functions whose workers run here.
  const worker::RuntimeSpec& runtime() const { return runtime_; }
  // The engine ends, or begins: whom it does not hear any more is no fault of its.
  void engine_runs(bool runs) { engine_runs_ = runs; }
  bool engine_runs() const { return engine_runs_; }
  // Everything ends with the engine that started it.
  void end_all();
  // Looks for programs that have been at an event for too long, and whether there are too many:
  // `replaced` of them may be finishing what they have.
  void check(std::size_t replaced);
  std::size_t processes() const { return programs_.size(); }

  // ---- for processes and sessions
  const World& world() const { return world_; }
  std::shared_ptr<Program> begin();
  std::shared_ptr<Program> find(int pid) const;
  void ended(int pid);

 private:
  worker::RuntimeSpec make_runtime();

  const World world_;
  const worker::RuntimeSpec runtime_;
  int next_pid_ = 1000;
  bool engine_runs_ = false;
  std::map<int, std::shared_ptr<Program>> programs_;  // that run; shared with who speaks to them
};

}  // namespace pelton::simulation
