// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/dispatch/dispatcher.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace pelton::dispatch {

// What a dispatcher has to have stored: what the call at hand changes, gathered into one commit,
// and the commits that were given out and are not durable yet, in their order. One thread.
class CommitList {
 public:
  // At most about `most` bytes are to be under way, claimed of `memory` when there is one.
  CommitList(std::uint64_t most, MemoryBudget* memory)
      : most_(most), memory_(memory, MemoryUse::outputs) {}

  // What a commit makes durable of one partition.
  struct PartitionCommit {
    PartitionId partition;
    std::uint64_t tenure = 0;  // of the assignment that it belongs to
    Offset cursor = 0;
    std::uint64_t settled = 0;  // events
  };
  struct Durable {
    std::vector<PartitionCommit> parts;
    std::vector<model::DeadLetterId> replays_ended;
  };

  // ---- the call at hand
  // To be added to: everything but progress.
  model::Transaction& transaction() { return transaction_; }
  // Progress of a partition; once a call each, unless it is a retry that moves no cursor.
  void add(const PartitionCommit& part, model::Transaction::ProgressUpdate&& progress);
  // The partition's commits are not all durable until this one is.
  void add(PartitionId partition) { current_.parts.push_back({.partition = partition}); }
  void end_replay(const model::DeadLetterId& id) { current_.replays_ended.push_back(id); }
  // The call is over: what it changed, if anything, is the next commit.
  void emit(Commits& out);

  // ---- under way
  // The oldest, which must be the one of that token, is durable.
  Durable durable(CommitToken token);
  bool empty() const { return pending_.empty(); }
  // A commit that is not durable has something of the partition, of whatever assignment.
  bool concern(PartitionId partition) const;
  // False: enough is under way; until some of it is durable, nothing more is to be made.
  bool room() const { return memory_.bytes() < most_ && memory_.may_grow(); }

 private:
  struct Pending {
    Durable contents;
    std::uint64_t bytes = 0;
  };

  model::Transaction transaction_;
  Durable current_;
  std::deque<Pending> pending_;
  CommitToken first_ = 1;  // of pending_.front()
  const std::uint64_t most_;
  MemoryClaim memory_;  // of all transactions that are not durable
};

}  // namespace pelton::dispatch
