// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"

#include <map>
#include <optional>
#include <string>

namespace pelton::runtime {

// The partitions of a binding that wait for the operator, and why. Shard-confined.
class StoppedPartitions {
 public:
  void add(PartitionId partition, std::string why, WallTime now) {
    stops_[partition] = {std::move(why), now};
  }
  void remove(PartitionId partition) { stops_.erase(partition); }
  std::optional<WallTime> since(PartitionId partition) const {
    const auto stop = stops_.find(partition);
    return stop == stops_.end() ? std::nullopt : std::optional(stop->second.since);
  }
  // A sentence each; empty: none is stopped.
  std::string text() const {
    std::string all;
    for (const auto& [partition, stop] : stops_) all += (all.empty() ? "" : "; ") + stop.why;
    return all;
  }

 private:
  struct Stop {
    std::string why;
    WallTime since{};
  };
  std::map<PartitionId, Stop> stops_;
};

}  // namespace pelton::runtime
