// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/start.h"
#include "engine/stream/embedded/store_client.h"
#include "engine/stream/input.h"

#include <deque>

namespace pelton::stream {

// An embedded stream: all its partitions are this engine's for good; events come from the tail or
// from the store, cursors are kept beside them. Shard-confined but for the constructor and open().
class EmbeddedInput final : public Input {
 public:
  struct Setup {
    BindingId binding;
    StreamId stream;
    std::string stream_name;
    std::uint32_t partitions = 1;
    config::Start start;
  };

  EmbeddedInput(Setup setup, store::Store& store, thread::Mailbox& mailbox);

  StreamId stream() const { return setup_.stream; }
  // A batch became durable at the end of a partition.
  void appended(const model::PlacedBatch& placed);
  // The same, of batches that were not kept in memory for us.
  void end_moved(PartitionId partition, Offset end);

  Status open(Listener& listener) override;
  void start() override;
  std::vector<PartitionId> partitions() const override;
  std::optional<model::PlacedBatch> next(PartitionId partition, Offset from) override;
  void settle(model::Transaction&& transaction, Done done) override;
  void seek(PartitionId partition, Offset offset, Done done) override;
  void bounds(std::optional<WallTime> time,
              std::function<void(Result<std::vector<Bounds>>)> answer) override;
  void drained(PartitionId) override {}
  Offset end(PartitionId partition) const override { return feeds_[partition.value].end; }
  std::optional<WallTime> time_at(PartitionId partition, Offset offset) override;
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) override;

 private:
  // Batches read ahead of what the window had room for, so that a batch is not read twice.
  struct Feed {
    Offset end = 0;   // next offset the stream will give
    Offset read = 0;  // first offset not in `ahead`
    std::deque<model::PlacedBatch> ahead;
    bool stopped = false;
  };

  model::StreamPartition at(PartitionId partition) const { return {setup_.stream, partition}; }
  Result<Bounds> bounds_of(PartitionId partition, std::optional<WallTime> time);
  Status open_partition(PartitionId partition);
  Result<model::Restored> restore(PartitionId partition, const store::StreamBounds& bounds);
  Result<Offset> start_offset(PartitionId partition, const store::StreamBounds& bounds);
  bool refill(PartitionId partition, Offset from);

  const Setup setup_;
  StoreClient lane_;
  thread::Mailbox& mailbox_;
  Listener* listener_ = nullptr;
  std::vector<Feed> feeds_;
};

}  // namespace pelton::stream
