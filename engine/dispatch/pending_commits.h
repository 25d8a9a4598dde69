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
  // Of all transactions.
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::deque<Entry> entries_;
  CommitToken first_ = 1;  // of entries_.front()
  std::uint64_t bytes_ = 0;
};

}  // namespace pelton::dispatch
