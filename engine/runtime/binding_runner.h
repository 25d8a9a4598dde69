// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/dispatch/filter_watch.h"
#include "engine/store/store.h"
#include "engine/stream/input.h"
#include "engine/stream/output.h"
#include "engine/thread/timer.h"
#include "engine/worker/pool/frame_source.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::runtime {

// Runs one binding (or sink) on its shard: feeds its dispatcher from its input, hands on its
// commits, keeps its timer. Who does the work, worker processes or a sink, is somebody else's.
// Shard-confined but for the constructor and open().
class BindingRunner final : public stream::Input::Listener, public worker::FrameSource {
 public:
  struct Setup {
    dispatch::DispatcherOptions dispatcher;
    std::string target_name;  // output stream, for status; empty: none
    // When that is a topic. Null: outputs are part of the commits.
    std::unique_ptr<stream::Output> output;
    // The most workers that have its events at a time; absent: any number.
    std::optional<std::uint32_t> concurrency;
  };

  BindingRunner(Setup setup, stream::BindingInput input, store::Store& store,
                boost::asio::io_context& io, const Clock& clock);

  // Restores idempotency keys and what the input knows of its partitions. Before the engine runs.
  Status open();
  // Called whenever work may have become available.
  void on_work(std::function<void()> call) { work_ready_ = std::move(call); }

  void start();
  void wake() override { changed(); }

  // ---- the workers
  bool has_work() override;
  std::optional<std::uint32_t> concurrency() const override { return setup_.concurrency; }
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits) override;
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result) override;
  void lost(WorkerId worker, const model::WorkerLoss& loss) override;

  // ---- the operator
  bool replay(const model::DeadLetter& letter);
  bool replay_room() const { return dispatcher_.replay_room(); }
  // Continues the partition at `offset`; the answer comes once that is durable. invalid (E5001):
  // the partition is not this engine's at the moment.
  void seek(PartitionId partition, Offset offset, std::function<void(Status)> answer);

  // What the operator can seek to, of the partitions that are this engine's.
  void bounds(std::optional<WallTime> time,
              std::function<void(Result<std::vector<stream::Positions::Bounds>>)> answer) {
    input_.positions.bounds(time, std::move(answer));
  }

  // ---- the end
  // Feeding stops; frames in flight still settle. False takes that back, before stop().
  void drain(bool on = true);
  bool idle() const { return dispatcher_.idle(); }
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
  // Those that are this engine's now, ascending.
  std::vector<PartitionId> partitions() const { return input_.positions.partitions(); }
  const dispatch::Dispatcher& dispatcher() const { return dispatcher_; }
  const Setup& setup() const { return setup_; }
  std::uint64_t letters_elsewhere() const { return input_.health.letters_elsewhere(); }
  stream::Trouble trouble() const;
  // Why partitions are stopped, a sentence each; empty: none is.
  std::string stopped() const;

 private:
  enum class Stay { open, revoking };

  void assigned(PartitionId partition, const model::Restored& restored) override;
  void readable(PartitionId partition) override { feed(partition); }
  void revoking(PartitionId partition) override;
  void revoked(PartitionId partition) override;
  void stopped(PartitionId partition, const Error& error) override;

  Status send(WorkerId worker, FrameId frame, model::FrameResult&& result);
  // Workers may get something more.
  bool room() const;
  void feed(PartitionId partition);
  void watch_filter(WallTime now);
  void flush();
  void changed();
  void tell_drained();
  void arm_timer();

  Setup setup_;
  stream::BindingInput input_;
  store::Store& store_;
  const Clock& clock_;
  dispatch::Dispatcher dispatcher_;
  std::map<PartitionId, Stay> stays_;
  struct Stop {
    std::string why;
    WallTime since{};
  };
  std::map<PartitionId, Stop> stopped_;
  dispatch::FilterWatch filter_watch_;
  dispatch::Commits commits_;
  thread::Timer timer_;
  std::optional<WallTime> armed_;
  std::function<void()> work_ready_;
  bool draining_ = false;
};

}  // namespace pelton::runtime
