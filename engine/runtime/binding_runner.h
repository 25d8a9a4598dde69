// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/dispatch/dispatcher.h"
#include "engine/runtime/mailbox.h"
#include "engine/runtime/timer.h"
#include "engine/store/store.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::runtime {

// Runs one binding (or sink) on its shard: feeds its dispatcher from the tail or the store, submits
// its commits, keeps its timer. Who does the work, worker processes or a sink, is somebody else's.
// Shard-confined but for the constructor and open().
class BindingRunner {
 public:
  struct Setup {
    dispatch::DispatcherOptions dispatcher;
    std::uint32_t partitions = 1;
    config::Start start;
    std::string target_name;  // output stream, for status; empty: none
  };

  BindingRunner(Setup setup, store::Store& store, Mailbox& mailbox, boost::asio::io_context& io,
                const Clock& clock);

  // Restores cursors, retries and idempotency keys; fixes the start of partitions never seen.
  // Before the engine runs. corrupt: a stored cursor is beyond the end of its partition.
  Status open();
  // Called whenever work may have become available.
  void on_work(std::function<void()> call) { work_ready_ = std::move(call); }

  // ---- the stream
  // Begins to feed what is stored beyond the cursors.
  void start();
  // Work may have become available.
  void wake() { changed(); }
  void appended(const store::PlacedBatch& placed);
  void end_moved(PartitionId partition, Offset end);

  // ---- the workers
  bool has_work();
  std::optional<dispatch::Frame> pull(WorkerId worker, const dispatch::FrameLimits& limits);
  Status finished(WorkerId worker, FrameId frame, dispatch::FrameResult&& result);
  void lost(WorkerId worker, const dispatch::WorkerLoss& loss);

  // ---- the operator
  bool replay(const store::DeadLetter& letter);
  // Continues the partition at `offset`; the answer comes once that is durable.
  void seek(PartitionId partition, Offset offset, std::function<void(Status)> answer);

  // Feeding stops; frames in flight still settle.
  void drain() { draining_ = true; }
  bool idle() const { return dispatcher_.idle(); }

  struct PartitionView {
    dispatch::PartitionCounts counts;
    Offset end = 0;
    std::optional<WallTime> oldest;  // event time of the first unsettled event
  };
  PartitionView view(PartitionId partition);
  const dispatch::Dispatcher& dispatcher() const { return dispatcher_; }
  const Setup& setup() const { return setup_; }
  std::uint32_t partitions() const { return setup_.partitions; }
  // Why a partition is stopped (its data cannot be trusted); empty: none is.
  const std::string& stopped() const { return stopped_; }

 private:
  // Batches read ahead of what the window had room for, so that a batch is not read twice.
  struct Feed {
    Offset end = 0;  // next offset the stream will give
    std::deque<store::PlacedBatch> ahead;
    bool assigned = false;
  };

  store::StreamPartition at(PartitionId partition) const {
    return {setup_.dispatcher.stream_id, partition};
  }
  Status open_partition(PartitionId partition);
  Result<Offset> start_offset(PartitionId partition, const store::StreamBounds& bounds);
  void feed(PartitionId partition);
  bool refill(PartitionId partition, Offset from);
  void stop_partition(PartitionId partition, const Error& error);
  void submit(store::Transaction&& transaction, std::function<void(Status)> done);
  void flush();
  void changed();
  void arm_timer();
  void forget_retries(PartitionId partition, Offset offset, std::function<void(Status)> answer);

  Setup setup_;
  store::Store& store_;
  Mailbox& mailbox_;
  const Clock& clock_;
  dispatch::Dispatcher dispatcher_;
  std::vector<Feed> feeds_;
  dispatch::Commits commits_;
  Timer timer_;
  std::optional<WallTime> armed_;
  std::function<void()> work_ready_;
  std::string stopped_;
  bool draining_ = false;
};

}  // namespace pelton::runtime
