// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/kafka/consume/listeners.h"
#include "engine/model/claimed_batch.h"
#include "engine/model/records.h"
#include "engine/stream/topic/group_progress.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace pelton::stream {

// What was fetched of the partitions that are ours and waits for room in their windows, and where
// each partition ends. Records of an earlier tenure are dropped. Shard-confined.
class FetchedRecords final : public kafka::RecordListener {
 public:
  struct Hooks {
    std::function<void(PartitionId)> readable;  // a batch more is here
    // So many bytes are out of the way: as much may be fetched.
    std::function<void(PartitionId, Tenure, std::size_t)> taken;
  };
  // The progress lives longer. What waits is claimed of `memory`, when there is one.
  FetchedRecords(StreamId stream, GroupProgress& progress, Hooks hooks, MemoryBudget* memory)
      : stream_(stream), progress_(progress), hooks_(std::move(hooks)), memory_(memory) {}

  // ---- the partitions that are ours, as progress has them
  void begin(PartitionId partition, Offset end) { partitions_[partition] = {end, {}, {}}; }
  void forget(PartitionId partition) { partitions_.erase(partition); }
  // Reading continues at `offset`: what is here belongs elsewhere.
  void move(PartitionId partition, Offset offset);

  // What is before `to` is needed no more.
  void taken(PartitionId partition, Offset to);
  // The batch that holds `from`, or the first one after it. What is before it is taken.
  std::optional<model::PlacedBatch> next(PartitionId partition, Offset from);
  // The end of the records: marks of transactions that follow them are nothing to wait for. 0: not
  // ours.
  Offset end(PartitionId partition) const;
  std::optional<WallTime> time_at(PartitionId partition, Offset offset) const;

  // ---- from the consumer, on the shard
  void fetched(PartitionId partition, Tenure tenure, Offset base, model::BatchPtr batch,
               Offset end) override;
  void end_moved(PartitionId partition, Offset end) override;
  void passed(PartitionId partition, Tenure tenure, Offset from, Offset to) override;

 private:
  struct Fetched {
    model::PlacedBatch placed;
    model::ClaimedBatch claim;
  };
  struct Partition {
    Offset end = 0;
    OffsetRange gap;  // no records are there
    std::deque<Fetched> ahead;
  };

  const StreamId stream_;
  GroupProgress& progress_;
  const Hooks hooks_;
  MemoryBudget* const memory_;
  std::map<PartitionId, Partition> partitions_;
};

}  // namespace pelton::stream
