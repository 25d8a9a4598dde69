// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace pelton::dispatch {

// Which of many partitions can give a frame, in turn, and when something is due in one: asking
// costs the same however many partitions are idle. One thread.
class Agenda {
 public:
  // What is to be done in one partition.
  struct Plan {
    bool ready = false;             // it can give a frame now
    std::optional<WallTime> opens;  // when it can, unless it is ready
    std::optional<WallTime> due;    // when something else is to be done in it
    friend bool operator==(const Plan&, const Plan&) = default;
  };

  // A partition that becomes ready queues behind those that are.
  void update(PartitionId partition, const Plan& plan);
  void forget(PartitionId partition) { update(partition, {}); }

  // A partition can give a frame.
  bool has_ready(WallTime now) const {
    return !ready_.empty() || (!opens_.empty() && opens_.begin()->first <= now);
  }
  // The same, or it opens later.
  bool has_ready() const { return !ready_.empty() || !opens_.empty(); }
  // Whose turn it is; it is not ready until it is updated again.
  std::optional<PartitionId> pop_ready(WallTime now);

  // When pass() has something to do.
  std::optional<WallTime> next() const;
  // Partitions whose time to open has come are ready. Returns those in which something is due.
  std::vector<PartitionId> pass(WallTime now);

 private:
  using Times = std::set<std::pair<WallTime, PartitionId>>;

  static void move(Times& times, PartitionId partition, const std::optional<WallTime>& from,
                   const std::optional<WallTime>& to);
  void open(WallTime now);

  boost::unordered_flat_map<PartitionId, Plan, std::hash<PartitionId>>
      plans_;  // of those that have something to do
  std::deque<PartitionId> ready_;
  Times opens_, due_;
};

}  // namespace pelton::dispatch
