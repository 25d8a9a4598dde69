// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/run_clock.h"
#include "engine/runtime/new_parts.h"
#include "tests/contract/temporary_folder.h"
#include "tests/simulation/shard/machine.h"
#include "tests/simulation/sim_disk.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace pelton::simulation {

// One life of the engine's inside: its own store, shard, streams, bindings and functions with their
// pools, put together as the engine does, on one thread that goes step by step. What is not its own
// is the disk, the time and the processes.
class ShardLife {
 public:
  struct Setup {
    const config::Config& config;
    std::uint64_t memory = 0;
    SimDisk& disk;
    const test::TemporaryFolder& folder;  // for the store's lock
    Machine& machine;
  };
  explicit ShardLife(const Setup& setup);
  // In good order or not, as the disk is: nothing is written if that has stopped.
  ~ShardLife();
  ShardLife(const ShardLife&) = delete;
  ShardLife& operator=(const ShardLife&) = delete;

  // Errors: those of a disk that fails.
  Status begin();
  // Whatever can be done now is done. False: it never ends.
  bool poll();
  // What the store's threads would do; the first builds a group, the second commits one.
  void build() { static_cast<void>(steps_.build()); }
  void commit() { static_cast<void>(steps_.commit()); }
  void maintain() { store_->run_maintenance(); }
  bool failed() const { return store_->failed(); }
  store::Store& store() { return *store_; }

  runtime::BindingRunner& binding(const std::string& name);
  // Null: it is being replaced.
  runtime::FunctionRunner* function() { return shard_->find_function("f"); }
  // Takes the parts out of service and puts new ones, made from the same config, in their place;
  // with the function, once a worker of the new one has shown that it starts. `done` is told
  // whether that went well.
  void reload(const runtime::Lineup& parts, std::function<void(bool)> done);
  // As SIGTERM does.
  void drain(std::chrono::milliseconds patience, std::function<void()> done);
  // All that was appended is settled, and that is stored.
  bool settled();
  std::string describe();
  // What is still claimed once the shard and the store are gone, which ends this life.
  std::uint64_t end();

 private:
  store::Options options();
  void replace(const runtime::Lineup& parts, std::function<void(bool)> done);
  void start_new(const runtime::Lineup& parts);

  const Setup setup_;
  MemoryBudget memory_;
  RunClock clock_;
  store::Options::Steps steps_;
  std::unique_ptr<store::Store> store_;
  kafka::PollLoop kafka_;
  dead_letters::DeadLetters letters_{kafka_};
  observe::FunctionLog function_log_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<stream::Streams> streams_;
  std::unique_ptr<runtime::Assembly> assembly_;
  std::unique_ptr<runtime::NewParts> parts_;  // that are to go into service
};

}  // namespace pelton::simulation
