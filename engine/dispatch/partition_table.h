// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/partition.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace pelton::dispatch {

// The partitions that are assigned, and which of them the call at hand has to do with. One thread.
class PartitionTable {
 public:
  // It is not assigned.
  void add(std::unique_ptr<Partition> partition);
  void remove(PartitionId partition);

  // Null: it is not assigned.
  const Partition* find(PartitionId partition) const;
  // To change what has no bearing on its next steps.
  Partition* find(PartitionId partition);
  // To change it: it is looked at again before the call ends.
  Partition* touch(PartitionId partition);
  // Calls `look` for each touched partition, which may touch others, and forgets that it was.
  template <typename Look>
  void for_each_touched(Look look) {
    while (!touched_.empty()) {
      Partition& partition = *touched_.back();
      touched_.pop_back();
      partition.touched = false;
      look(partition);
    }
  }
  // All of them, by their numbers.
  std::vector<const Partition*> sorted() const;

 private:
  boost::unordered_flat_map<PartitionId, std::unique_ptr<Partition>, std::hash<PartitionId>>
      partitions_;
  std::vector<Partition*> touched_;
};

}  // namespace pelton::dispatch
