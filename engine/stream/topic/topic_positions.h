// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/stream/embedded/store_client.h"
#include "engine/stream/positions.h"
#include "engine/stream/topic/fetched_records.h"
#include "engine/stream/topic/offset_committer.h"
#include "engine/stream/topic/settlements.h"
#include "engine/stream/topic/topic_links.h"

namespace pelton::stream {

// Where a binding is in its topic: what was fetched tells the ends, the brokers tell what else is
// asked, and a seek is done once the group has committed it. Shard-confined.
class TopicPositions final : public Positions {
 public:
  // All live longer.
  struct Parts {
    StoreClient& store;
    GroupProgress& progress;
    FetchedRecords& records;
    Settlements& settlements;
    OffsetCommitter& commits;
    const TopicLinks& links;
    thread::Mailbox& mailbox;
  };
  TopicPositions(BindingId binding, StreamId stream, Parts parts)
      : binding_(binding), stream_(stream), parts_(parts) {}

  std::vector<PartitionId> partitions() const override { return parts_.progress.partitions(); }
  Offset end(PartitionId partition) const override { return parts_.records.end(partition); }
  std::optional<WallTime> time_at(PartitionId partition, Offset offset) override {
    return parts_.records.time_at(partition, offset);
  }
  void extents(std::optional<WallTime> time, std::function<void(Result<Extents>)> answer) override;
  // Of the asker and the store; brokers know of none.
  std::shared_ptr<const void> hold(PartitionId, Offset) override { return nullptr; }
  void seek(PartitionId partition, Offset offset, std::function<void(Status)> done) override;

 private:
  // The rest of a seek, once the store has it.
  void moved(PartitionId partition, Offset offset, const std::function<void(Status)>& done);

  const BindingId binding_;
  const StreamId stream_;
  const Parts parts_;
};

}  // namespace pelton::stream
