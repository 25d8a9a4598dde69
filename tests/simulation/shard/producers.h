// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/store/store.h"
#include "tests/simulation/shard/shard_history.h"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

namespace pelton::simulation {

// Sends the scenario's events, those of each stream in order: one append at a time, and the next
// once it is durable.
class Producers {
 public:
  // All live longer.
  Producers(const ShardScenario& scenario, Dice& dice, ShardHistory& history)
      : scenario_(scenario), dice_(dice), history_(history) {}

  // The engine runs (again). What was acknowledged has to be there; what a producer has not heard
  // of may be there, or not.
  void begin(store::Store& store);
  // Now and then, while the store lives: some send what is next.
  void send();
  // All is durable.
  bool done() const;

 private:
  // Of a stream.
  struct Producer {
    StreamId stream;
    std::uint32_t partitions = 1;
    std::vector<std::uint64_t> numbers;
    std::size_t durable = 0;  // so many of them
    bool sending = false;
  };

  std::set<std::uint64_t> stored() const;
  void send(Producer& producer);
  void add(const Producer& producer, std::uint64_t number,
           std::map<PartitionId, model::BatchBuilder>& builders);
  void acknowledge(std::uint64_t number);

  const ShardScenario& scenario_;
  Dice& dice_;
  ShardHistory& history_;
  store::Store* store_ = nullptr;
  std::deque<Producer> producers_;
  std::set<std::uint64_t> acknowledged_;
};

}  // namespace pelton::simulation
