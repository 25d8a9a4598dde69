// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/model/claimed_batch.h"
#include "engine/model/records.h"
#include "engine/thread/mailbox.h"

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace pelton::stream {

// Carries "appended" from the store thread to a shard. Batches that the shard has not taken yet are
// bounded: beyond kMaxBytes, or what `memory` has room for, only the new end of the partition is
// passed on, and whoever is behind reads from the store. The handlers run on the shard.
class AppendFeed {
 public:
  static constexpr std::size_t kMaxBytes = 16U << 20;

  // `fresh` gets batches in order of offset; `moved` the ends of partitions whose batches were not
  // kept.
  AppendFeed(thread::Mailbox& mailbox, std::function<void(const model::PlacedBatch&)> fresh,
             std::function<void(model::StreamPartition, Offset end)> moved, MemoryBudget* memory);

  // Any thread. Those that somebody here reads: appends to others are not passed on.
  void listen_to(std::set<StreamId> streams);
  // The store thread.
  void appended(std::span<const model::PlacedBatch> batches);

 private:
  struct Kept {
    model::PlacedBatch placed;
    model::ClaimedBatch claim;
  };

  bool keep(const model::PlacedBatch& placed);
  void deliver();

  thread::Mailbox& mailbox_;
  const std::function<void(const model::PlacedBatch&)> fresh_;
  const std::function<void(model::StreamPartition, Offset)> moved_;
  MemoryBudget* const memory_;

  std::mutex mutex_;
  std::set<StreamId> streams_;                     // guarded by mutex_
  std::vector<Kept> batches_;                      // guarded by mutex_
  std::map<model::StreamPartition, Offset> ends_;  // guarded by mutex_
  std::uint64_t bytes_ = 0;                        // guarded by mutex_; of batches_
  bool scheduled_ = false;                         // guarded by mutex_
};

}  // namespace pelton::stream
