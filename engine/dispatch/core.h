// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/dispatch/filter.h"
#include "engine/dispatch/partition.h"
#include "engine/dispatch/pending_commits.h"
#include "engine/dispatch/replays.h"
#include "engine/dispatch/retry_policy.h"
#include "engine/dispatch/selection.h"
#include "engine/model/batch_builder.h"

#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

namespace pelton::dispatch {

// The rules of Dispatcher (see dispatcher.h for what each method promises). Its sources: core.cpp
// (partitions, intake, commits), core_pull.cpp (frames), core_outcome.cpp (results, losses),
// core_lanes.cpp (waiting and parking), core_replay.cpp (dead letters delivered again).
class Dispatcher::Core {
 public:
  explicit Core(DispatcherOptions options);

  void assign(PartitionId partition, const model::Restored& restored);
  void revoke(PartitionId partition);
  void drain(PartitionId partition);
  void restore(const model::CompletedKeys& keys);
  KeyUsage completed_keys() const;
  Want wants(PartitionId partition) const;
  void offer(PartitionId partition, Offset base, const model::BatchPtr& batch, WallTime now,
             Commits& out);
  bool has_work(WallTime now) const;
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits, WallTime now,
                                   Commits& out);
  Status check(WorkerId worker, FrameId id, const model::FrameResult& result) const;
  std::optional<PartitionId> partition_of(FrameId id) const;
  void hold(WorkerId worker, FrameId id, std::uint32_t first, std::uint32_t count);
  Status finished(WorkerId worker, FrameId id, model::FrameResult&& result, WallTime now,
                  Commits& out);
  void worker_lost(WorkerId worker, const model::WorkerLoss& loss, WallTime now, Commits& out);
  std::optional<WallTime> next_due() const;
  void on_timer(WallTime now, Commits& out);
  void committed(CommitToken token);
  bool replay(const model::DeadLetter& letter);
  bool replay_room() const;
  PartitionCounts counts(PartitionId partition) const;
  std::vector<ParkedEvent> parked(std::size_t most) const;
  bool idle() const { return in_flight == 0 && pending_.empty(); }
  bool idle(PartitionId partition) const;

  const DispatcherOptions options;
  Totals totals;
  std::uint64_t in_flight = 0;

 private:
  struct Open {  // a frame with a worker
    WorkerId worker;
    PartitionId partition;
    std::vector<Position> slots;
    std::uint32_t covered = 0;  // events that the worker has answered for
    std::optional<model::DeadLetterId> replay;
    // Answered for, but their outcome is still to come from kHeld: first, count.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> held;
    bool lost = false;  // the worker is gone; what it had answered is held
    std::uint32_t events() const { return replay ? 1 : static_cast<std::uint32_t>(slots.size()); }
    bool over() const { return held.empty() && (lost || covered == events()); }
    bool belongs_to(WorkerId who) const {
      return who == model::kHeld ? !held.empty() : who == worker && !lost;
    }
  };
  // What the call at hand changes; becomes one Commit.
  struct Change {
    model::Transaction transaction;
    std::set<PartitionId> cursors;
    std::vector<model::DeadLetterId> replays_ended;
  };

  Partition* find(PartitionId partition);
  const Partition* find(PartitionId partition) const;
  model::StreamPartition at(PartitionId partition) const { return {options.stream_id, partition}; }
  void emit(Commits& out);

  // ---- intake
  void admit(Partition& partition, const model::BatchPtr& batch, WallTime now);
  void pass_over(Partition& partition, Offset offset);
  LaneKey lane_of(const model::Batch& batch, std::uint32_t index) const;

  // ---- frames
  struct Picking;
  enum class Fit { goes, later, gone };
  bool can_pull(const Partition& partition, WallTime now) const;
  std::optional<model::Frame> pull_partition(Partition& partition, WorkerId worker,
                                             const model::FrameLimits& limits, WallTime now);
  void pick_ready(Partition& partition, Picking& picking, WallTime now);
  void pick_lane(Partition& partition, LaneKey key, Picking& picking, WallTime now);
  void pick_new(Partition& partition, Picking& picking, WallTime now);
  Fit fit(Partition& partition, Position position, const Slot& slot, Picking& picking,
          WallTime now);
  Fit fit_history(Partition& partition, Position position, const Slot& slot, Picking& picking,
                  WallTime now);
  bool blocked_by_key(Partition& partition, Position position, WallTime now);
  static Fit fit_suspect(const Partition& partition, const Slot& slot, Picking& picking);
  static void take(Position position, Slot& slot, Lane* lane, Picking& picking);
  model::Frame build(Partition& partition, Picking&& picking, WorkerId worker);
  void fill_batch(Partition& partition, const std::vector<Position>& slots, model::Frame& frame);
  std::string idempotency_key(const Partition& partition, Offset offset) const;
  bool window_open(const Partition& partition, WallTime now) const;

  // ---- outcomes
  const Open* open_with(WorkerId worker, FrameId id) const;
  static Status check_extent(const Open& open, WorkerId worker, const model::FrameResult& result);
  static Status check_contents(const model::FrameResult& result);
  static void answered(Open& open, WorkerId worker, const model::FrameResult& result);
  void take_outcomes(const Open& open, model::FrameResult&& result, WallTime now);
  void settle_run(Partition& partition, const std::vector<Position>& slots, std::uint32_t from,
                  std::uint32_t to, WallTime now);
  void settle(Partition& partition, Position position);
  void forget_retry(Partition& partition, Offset offset);
  void complete_key(const Hash128& fingerprint, WallTime now);
  void release_key(const Hash128& fingerprint);
  void wake(const std::vector<IdempotencyIndex::Waiter>& waiters);
  void failure(Partition& partition, Position position, const model::Failure& failure,
               const std::string& worker, WallTime now);
  void park_or_bury(Partition& partition, Position position, const Verdict& verdict, WallTime now);
  void bury(Partition& partition, Position position, const std::string& reason, WallTime now);
  Lane& lane_for(Partition& partition, Position position);
  void leave_flight(Partition& partition, Slot& slot);
  void park(Partition& partition, Position position, WallTime due);
  void unpark(Partition& partition, Position position);
  void leave_due(Partition& partition, Position position);
  void give_back(Partition& partition, Position position);
  void wait(Partition& partition, Lane& lane, Position position);
  void lane_moved(Partition& partition, LaneKey key);
  model::WorkerLoss narrow(const std::vector<FrameId>& lost, const model::WorkerLoss& loss);
  static void suspect(Partition& partition, const Open& open);
  void lose_frame(Partition& partition, const Open& open, const model::WorkerLoss* blame,
                  WallTime now);
  std::string name_of(WorkerId worker) const;
  void append_outputs(const model::BatchPtr& outputs);
  void free_slots(Partition& partition);

  // ---- replays
  std::optional<model::Frame> pull_replay(WorkerId worker, WallTime now);
  bool may_go(Replay& replay, WallTime now);
  model::Frame frame_of(Replay& replay, WorkerId worker);
  void finish_replay(const model::DeadLetterId& id, WorkerId worker, model::FrameResult&& result,
                     WallTime now);
  void lose_replay(const model::DeadLetterId& id, const model::WorkerLoss* blame, WallTime now);
  void fail_replay(Replay& replay, const Verdict& verdict, WallTime now);
  void end_replay(Replay& replay);
  void forget_replay(Replay& replay);
  void leave_flight(Replay& replay);

  std::map<PartitionId, std::unique_ptr<Partition>> partitions_;
  std::size_t turn_ = 0;  // which partition is served next
  std::uint64_t epochs_ = 0;
  Filter filter_;
  std::unique_ptr<IdempotencyIndex> index_;
  RetryPolicy policy_;
  std::unordered_map<FrameId, Open> frames_;
  std::uint64_t next_frame_;
  Replays replays_;
  Change change_;
  PendingCommits pending_;
  std::uint32_t keyless_ = 0;
  Selection selection_;  // of the batch that is offered
  model::BatchBuilder builder_;
};

}  // namespace pelton::dispatch
