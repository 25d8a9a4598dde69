// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/history.h"
#include "tests/simulation/meter.h"
#include "tests/simulation/mutant.h"
#include "tests/simulation/sim_worker.h"
#include "tests/simulation/store_host.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace pelton::simulation {

// One life of the engine around the dispatcher: feeds it from the disk, submits its commits, keeps
// its timer, runs the workers. Shows the history all that passes. After stop() nothing of it
// happens any more; it is kept until the scheduler has run dry.
class SimEngine {
 public:
  SimEngine(std::uint64_t life, const Scenario& scenario, const std::set<std::uint64_t>& mended,
            Mutation mutation, Scheduler& scheduler, StoreHost& store, History& history, Dice dice);

  void start();
  void stop();
  // Batches of the input are durable.
  void appended() {
    if (alive_) feed_all();
  }
  void replay(const model::DeadLetter& letter);
  void seek(PartitionId partition, Offset offset);
  // Nothing is with a worker, nothing is to be done, nothing is on its way to the disk.
  bool quiet() const;
  // Where everything stands, for a run that does not end.
  std::string describe() const;

 private:
  model::StreamPartition input(std::uint32_t partition) const {
    return {kInput, PartitionId{partition}};
  }
  dispatch::DispatcherOptions binding();
  void restore();
  void assign(PartitionId partition);
  void begin_seeks();
  struct Seek {
    Offset offset = 0;
    std::shared_ptr<const void> held;  // or retention could drop where it goes
  };
  void move(PartitionId partition, Seek&& seek);
  // What the store answers a read with.
  template <typename Answer>
  void check(const Answer& answer) {
    if (!answer) history_.violation("the store cannot be read: {}", answer.error().text());
  }
  void feed_all();
  void feed(std::uint32_t partition);
  void check_memory();
  void read_again();
  void read_again(const dispatch::Reread& which);
  void pump();
  bool pull(SimWorker& worker);
  void start_worker();
  void result(WorkerId worker, FrameId frame, model::FrameResult&& result);
  void garbage(WorkerId worker, FrameId frame, model::FrameResult&& result);
  void gave_back(WorkerId worker, FrameId frame, std::uint32_t first, Offset from);
  void lost(WorkerId worker, model::WorkerLoss&& loss);
  // After every call into the dispatcher.
  void after_call();
  void submit_commits();
  void arm();

  const std::uint64_t life_;
  const Scenario& scenario_;
  const std::set<std::uint64_t>& mended_;
  Scheduler& scheduler_;
  StoreHost& store_;
  History& history_;
  Dice dice_;
  const Mutation mutation_;
  MemoryBudget memory_;
  Mutant dispatcher_;
  dispatch::Commits commits_;
  Meter meter_;
  WorkerListener listener_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::set<PartitionId> assigned_;
  std::map<PartitionId, Seek> seeks_;  // that wait for workers
  std::uint64_t next_worker_ = 1;
  std::optional<WallTime> armed_;
  bool alive_ = true;
  bool pumping_ = false;
};

}  // namespace pelton::simulation
