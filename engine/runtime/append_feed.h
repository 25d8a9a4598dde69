// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/runtime/mailbox.h"
#include "engine/store/records.h"

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

namespace pelton::runtime {

// Carries "appended" from the store thread to a shard. Batches that the shard has not taken yet are
// bounded: beyond kMaxBytes only the new end of the partition is passed on, and whoever is behind
// reads from the store. appended() on the store thread; the handlers run on the shard.
class AppendFeed {
 public:
  static constexpr std::size_t kMaxBytes = 64U << 20;

  // `fresh` gets batches in order of offset; `moved` the ends of partitions whose batches were not
  // kept.
  AppendFeed(Mailbox& mailbox, std::set<StreamId> streams,
             std::function<void(const store::PlacedBatch&)> fresh,
             std::function<void(store::StreamPartition, Offset end)> moved,
             std::function<void()> finished);

  void appended(std::span<const store::PlacedBatch> batches);

 private:
  void deliver();

  Mailbox& mailbox_;
  const std::set<StreamId> streams_;  // those that somebody here reads
  const std::function<void(const store::PlacedBatch&)> fresh_;
  const std::function<void(store::StreamPartition, Offset)> moved_;
  const std::function<void()> finished_;  // after each delivery

  std::mutex mutex_;
  std::vector<store::PlacedBatch> batches_;        // guarded by mutex_
  std::map<store::StreamPartition, Offset> ends_;  // guarded by mutex_
  std::size_t bytes_ = 0;                          // guarded by mutex_
  bool scheduled_ = false;                         // guarded by mutex_
};

}  // namespace pelton::runtime
