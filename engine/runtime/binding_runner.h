// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/dispatch/filter_watch.h"
#include "engine/runtime/binding_turns.h"
#include "engine/runtime/call_endings.h"
#include "engine/runtime/event_rereads.h"
#include "engine/runtime/pause_notices.h"
#include "engine/runtime/stopped_partitions.h"
#include "engine/store/store.h"
#include "engine/stream/connections.h"
#include "engine/stream/partition_tenures.h"
#include "engine/thread/timer.h"
#include "engine/worker/pool/frame_source.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::runtime {

// Why a binding gives nothing to its workers: its end, or the operator.
enum class Hold { ending, paused };

// Runs one binding (or sink) on its shard: feeds its dispatcher from its input, hands on its
// commits, keeps its timer. Who does the work, worker processes or a sink, is somebody else's.
//
// What a call leads to (commits to hand on, more to read, work for workers) is noted and done in
// one turn, which is posted to the shard. So an input or a worker that calls is not called back
// within its call, and needs no guard against that.
// Shard-confined but for the constructor and open().
class BindingRunner final : public stream::Input::Listener, public worker::FrameSource {
 public:
  struct Setup {
    dispatch::DispatcherOptions dispatcher;
    // Null: outputs are part of the commits.
    std::unique_ptr<stream::Output> output;
    // The most workers that have its events at a time; absent: any number.
    std::optional<std::uint32_t> concurrency;
    // How long a seek waits for workers that have events of its partition.
    Duration seek_patience = std::chrono::seconds(30);
    // For a dispatcher that does not keep all events (release_from).
    stream::ReadAgain read_again{};
    // What the events of dead letters go through before replay(); null: they need nothing.
    stream::Decode decode{};
    // With whom it shares the memory; null: there is no limit. Outlives the runner.
    MemoryTurns* turns = nullptr;
    // Of calls; null: its events are none.
    std::unique_ptr<CallEndings> endings{};
    // By the operator (Hold::paused), as the store remembers it at start().
    bool paused = false;
  };

  BindingRunner(Setup setup, stream::BindingInput input, store::Store& store,
                boost::asio::io_context& io, const Clock& clock);

  // Restores idempotency keys and what the input knows of its partitions. Before the engine runs.
  Status open();
  // Called once after a run of changes that made work available; the other, once a seek waits for
  // what workers have of its partition.
  void on_work(std::function<void()> call, std::function<void()> seek_begins = {}) {
    work_ready_ = std::move(call);
    seek_begins_ = std::move(seek_begins);
  }

  void start();
  // Something that work depends on has changed: the room on the disk.
  void wake() { note(); }
  // The same of what all partitions may read: there is memory again.
  void feed_all();

  // ---- the workers
  bool has_work() override;
  worker::FrameSourceTraits traits() const override {
    return {setup_.concurrency, model::is_batch(setup_.dispatcher.form.shape)};
  }
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits) override;
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result) override;
  void gave_back(WorkerId worker, FrameId frame, std::uint32_t first) override;
  void lost(WorkerId worker, const model::WorkerLoss& loss) override;

  // ---- the operator
  bool replay(const model::DeadLetter& letter);
  // Continues the partition at `offset`, once no worker has an event of it; the answer comes when
  // that is durable. unavailable: the partition is not this engine's at the moment (E5022), is
  // being moved already, or workers do not let go of it in time (E5023); then it stays where it is.
  void seek(PartitionId partition, Offset offset, std::function<void(Status)> answer);

  // Workers get nothing more; frames in flight still settle. False takes that back, before stop().
  void hold(Hold why, bool on = true);

  // ---- the end
  // Lets the stream go, once idle or at the deadline.
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
    input_.events->stop(deadline, std::move(done));
  }

  struct PartitionView {
    dispatch::PartitionCounts counts;
    Offset end = 0;
    // Event time of the first unsettled event. Of a partition that is stopped, which is not read:
    // when it was.
    std::optional<WallTime> oldest;
  };
  PartitionView view(PartitionId partition);
  // What it reads: where it is, and how that is doing.
  const stream::BindingInput& input() const { return input_; }
  const dispatch::Dispatcher& dispatcher() const { return dispatcher_; }
  const Setup& setup() const { return setup_; }
  stream::Trouble trouble() const;
  // Why partitions are stopped, a sentence each; empty: none is.
  std::string stopped() const { return stopped_.text(); }

 private:
  void assigned(PartitionId partition, const model::Restored& restored) override;
  void readable(PartitionId partition) override;
  void revoking(PartitionId partition) override;
  void revoked(PartitionId partition) override;
  void stopped(PartitionId partition, const Error& error) override;

  Status send(WorkerId worker, FrameId frame, model::FrameResult&& result);
  // Workers may get something more.
  bool room() const;
  void feed(PartitionId partition);
  // There is something to do in a turn.
  void note();
  void turn();
  void settle_commits();
  void committed(dispatch::CommitToken token, const std::vector<PartitionId>& settled);
  void arm_timer();

  Setup setup_;
  stream::BindingInput input_;
  store::Store& store_;
  boost::asio::io_context& io_;
  const Clock& clock_;
  dispatch::Dispatcher dispatcher_;
  stream::PartitionTenures tenures_;
  StoppedPartitions stopped_;
  // What the log is told of.
  struct {
    dispatch::FilterWatch filter;
    PauseNotices pauses;
  } notices_;
  bool warned_of_outputs_ = false;
  dispatch::Commits commits_, settling_;  // of the turn to come, and of the one at hand
  EventRereads rereads_;
  std::vector<PartitionId> with_room_;  // to be fed in the turn to come
  BindingTurns turns_;                  // of those that have to wait for memory
  bool noted_ = false;                  // it is posted
  // Turns that are posted hold it weakly.
  std::shared_ptr<BindingRunner*> alive_ = std::make_shared<BindingRunner*>(this);
  thread::Timer timer_;
  std::optional<WallTime> armed_;
  std::function<void()> work_ready_, seek_begins_;
  bool draining_ = false;
};

}  // namespace pelton::runtime
