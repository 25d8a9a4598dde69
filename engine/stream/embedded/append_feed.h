// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/model/claimed_batch.h"
#include "engine/model/records.h"
#include "engine/thread/mailbox.h"

#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace pelton::stream {

// Carries "appended" from the store thread to those on a shard who read the stream. Batches that
// the shard has not taken yet are bounded: beyond kMaxBytes, or what `memory` has room for, only
// the new end of the partition is passed on, and whoever is behind reads from the store.
class AppendFeed {
 public:
  static constexpr std::size_t kMaxBytes = 16U << 20;

  // Interface. Reads one stream. On the shard.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual StreamId stream() const = 0;
    // A batch became durable at the end of a partition; in order of offset.
    virtual void appended(const model::PlacedBatch& placed) = 0;
    // The same, of batches that were not kept.
    virtual void end_moved(PartitionId partition, Offset end) = 0;
  };

  // Both live longer; null: no limit but kMaxBytes.
  AppendFeed(thread::Mailbox& mailbox, MemoryBudget* memory) : mailbox_(mailbox), memory_(memory) {}

  // The shard; not from within a reader's methods. Appends to streams that nobody reads are not
  // passed on.
  void add(Reader& reader);
  // Nothing, if it was not added.
  void remove(Reader& reader);
  // The store thread.
  void appended(std::span<const model::PlacedBatch> batches);

 private:
  struct Kept {
    model::PlacedBatch placed;
    model::ClaimedBatch claim;
  };

  void listen();
  bool keep(const model::PlacedBatch& placed);
  void deliver();

  thread::Mailbox& mailbox_;
  MemoryBudget* const memory_;
  std::vector<Reader*> readers_;  // the shard's

  std::mutex mutex_;
  std::set<StreamId> streams_;                     // guarded by mutex_; of the readers
  std::vector<Kept> batches_;                      // guarded by mutex_
  std::map<model::StreamPartition, Offset> ends_;  // guarded by mutex_
  std::uint64_t bytes_ = 0;                        // guarded by mutex_; of batches_
  bool scheduled_ = false;                         // guarded by mutex_
};

}  // namespace pelton::stream
