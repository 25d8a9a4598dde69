// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace pelton::dispatch {

// The commits that were given out and are not durable yet, in their order.
class PendingCommits {
 public:
  // At most about `most` bytes, claimed of `memory` when there is one.
  PendingCommits(std::uint64_t most, MemoryBudget* memory)
      : most_(most), memory_(memory, MemoryUse::outputs) {}

  struct Part {
    PartitionId partition;
    std::uint64_t epoch = 0;  // assignment that it belongs to
    Offset cursor = 0;
    std::uint64_t settled = 0;  // events that it makes durable
  };
  struct Entry {
    std::vector<Part> parts;
    std::vector<model::DeadLetterId> replays_ended;
    std::uint64_t bytes = 0;  // of its transaction
  };

  CommitToken add(Entry&& entry);
  // The oldest, which must be the one of that token, is durable.
  Entry durable(CommitToken token);

  bool empty() const { return entries_.empty(); }
  bool concern(PartitionId partition) const;
  // False: enough is on its way; until some of it is durable, nothing more is to be made.
  bool room() const { return memory_.bytes() < most_ && memory_.may_grow(); }

 private:
  std::deque<Entry> entries_;
  CommitToken first_ = 1;  // of entries_.front()
  const std::uint64_t most_;
  MemoryClaim memory_;  // of all transactions
};

}  // namespace pelton::dispatch
