// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/start.h"
#include "engine/model/claimed_batch.h"
#include "engine/stream/embedded/append_feed.h"
#include "engine/stream/embedded/store_client.h"
#include "engine/stream/input.h"
#include "engine/stream/read_room.h"
#include "engine/thread/job_thread.h"

#include <deque>
#include <memory>

namespace pelton::stream {

// A batch read ahead of what the window had room for, so that it is not read twice.
struct BatchAhead {
  BatchAhead(const model::PlacedBatch& batch, MemoryBudget* memory)
      : placed(batch), claim(batch.batch, memory, MemoryUse::read_ahead) {}
  model::PlacedBatch placed;
  model::ClaimedBatch claim;
};

// An embedded stream: all its partitions are this engine's for good; events come from the tail, or
// from the disk by way of a thread that may wait for it; cursors are kept beside them.
// Shard-confined but for the constructor and open().
class EmbeddedInput final : public Input,
                            public Positions,
                            public InputHealth,
                            public AppendFeed::Reader {
 public:
  struct Setup {
    BindingId binding;
    StreamId stream;
    std::string stream_name;
    std::string binding_name;
    std::uint32_t partitions = 1;
    config::Start start;
    MemoryBudget* memory = nullptr;  // for what is read ahead; null: there is no limit
    std::string sink{};              // the connector whose binding it is; empty: of none
  };

  // All live longer. It is in the feed from start() on.
  EmbeddedInput(Setup setup, store::Store& store, AppendFeed& appends, thread::Mailbox& mailbox,
                thread::JobThread& reader);
  ~EmbeddedInput() override { appends_.remove(*this); }
  EmbeddedInput(const EmbeddedInput&) = delete;
  EmbeddedInput& operator=(const EmbeddedInput&) = delete;

  StreamId stream() const override { return setup_.stream; }
  void appended(const model::PlacedBatch& placed) override;
  void end_moved(PartitionId partition, Offset end) override;

  // Reads the batch that holds the event at `offset`, off the shard; nothing: it is not stored any
  // more. When it cannot be read, the partition stops and there is no answer.
  using ReadAnswer = std::function<void(std::optional<model::PlacedBatch>)>;
  void read_again(PartitionId partition, Offset offset, ReadAnswer answer);

  Status open(Listener& listener) override;
  void start() override;
  std::optional<model::PlacedBatch> next(PartitionId partition, Offset from, Reads reads) override;
  void taken(PartitionId partition, Offset to) override;
  Stock stock(PartitionId partition) const override;
  void settle(model::Transaction&& transaction, Done done) override;
  void drained(PartitionId) override {}
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) override;

  std::vector<PartitionId> partitions() const override;
  Offset end(PartitionId partition) const override { return feeds_[partition.value].end; }
  std::optional<WallTime> time_at(PartitionId partition, Offset offset) override;
  void extents(std::optional<WallTime> time, std::function<void(Result<Extents>)> answer) override;
  // Owned by the asker and, until that lets go, known to the store.
  std::shared_ptr<const void> hold(PartitionId partition, Offset offset) override;
  void seek(PartitionId partition, Offset offset, Done done) override;

  Trouble trouble() const override { return {}; }
  bool room() const override { return true; }
  std::uint64_t letters_elsewhere() const override { return 0; }

 private:
  struct Feed {
    Offset end = 0;   // next offset the stream will give
    Offset read = 0;  // first offset not in `ahead`
    std::deque<BatchAhead> ahead;
    bool reading = false;
    bool stopped = false;
  };

  model::StreamPartition at(PartitionId partition) const { return {setup_.stream, partition}; }
  Result<Bounds> bounds_of(PartitionId partition, std::optional<WallTime> time);
  // What is to be stored because of it is added to `first`.
  Result<model::Restored> restore(PartitionId partition, const store::StreamBounds& bounds,
                                  model::Transaction& first);
  // What retention took and what ended otherwise is not waited for.
  void skip_what_is_gone(PartitionId partition, const store::StreamBounds& bounds,
                         model::Restored& restored, model::Transaction& first);
  void say_dropped(PartitionId partition, Offset from, Offset to, std::uint64_t events) const;
  Result<Offset> start_offset(PartitionId partition, const store::StreamBounds& bounds);
  using Read = Result<std::vector<model::PlacedBatch>>;
  using ReadAhead = Result<std::vector<BatchAhead>>;
  // False: there is nothing at the moment.
  bool refill(PartitionId partition, Offset from, Reads reads);
  void read_elsewhere(PartitionId partition, Offset from, Reads reads);
  void read_again_done(PartitionId partition, Offset offset, Read&& read, const ReadAnswer& answer);
  void read_done(PartitionId partition, Offset from, ReadAhead&& read);
  void take(PartitionId partition, Offset from, std::vector<BatchAhead>&& batches);

  const Setup setup_;
  StoreClient client_;
  AppendFeed& appends_;
  thread::Mailbox& mailbox_;
  thread::JobThread& reader_;
  // Reads under way hold it weakly: their answers find out on the shard whether this is still
  // there.
  std::shared_ptr<EmbeddedInput*> alive_ = std::make_shared<EmbeddedInput*>(this);
  Listener* listener_ = nullptr;
  std::vector<Feed> feeds_;
};

}  // namespace pelton::stream
