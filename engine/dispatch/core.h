// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/agenda.h"
#include "engine/dispatch/dispatcher.h"
#include "engine/dispatch/filter.h"
#include "engine/dispatch/frame_picker.h"
#include "engine/dispatch/outcomes.h"
#include "engine/dispatch/replay_delivery.h"
#include "engine/dispatch/rereads.h"
#include "engine/dispatch/selection.h"
#include "engine/dispatch/shared.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pelton::dispatch {

// What Dispatcher promises (dispatcher.h says what each method does), made of its parts: it takes
// events in, asks the picker for frames in the order of the agenda, and hands results on to
// Outcomes and ReplayDelivery. At the end of a call it looks at the partitions that were touched:
// what they are to do next, and what of them is to be committed.
class Dispatcher::Core {
 public:
  explicit Core(DispatcherOptions options);

  void assign(PartitionId partition, const model::Restored& restored);
  void revoke(PartitionId partition);
  void drain(PartitionId partition, bool on);
  void restore(const model::CompletedKeys& keys, WallTime now);
  Want wants(PartitionId partition) const;
  void offer(PartitionId partition, Offset base, const model::BatchPtr& batch, WallTime now,
             Commits& out);
  bool has_work(WallTime now) const;
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits, WallTime now,
                                   Commits& out);
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result, WallTime now,
                  Commits& out);
  void give_back(WorkerId worker, FrameId frame, std::uint32_t first, WallTime now, Commits& out);
  void worker_lost(WorkerId worker, const model::WorkerLoss& loss, WallTime now, Commits& out);
  std::optional<WallTime> next_due() const;
  void on_timer(WallTime now, Commits& out);
  void committed(CommitToken token);
  void reread(std::vector<Reread>& out) { rereads_.take(out); }
  void again(const Reread& which, Offset base, const model::BatchPtr& batch, WallTime now,
             Commits& out);
  bool replay(const model::DeadLetter& letter);
  bool replay_room() const { return replay_delivery_.room(); }
  PartitionCounts counts(PartitionId partition) const;
  std::vector<ParkedEvent> parked(std::size_t most) const;
  bool idle(PartitionId partition) const;
  Shared& shared() { return shared_; }

 private:
  // A batch that is offered: what passes goes into the window, the rest is settled.
  void select(Partition& partition, Offset base, const model::Batch& batch, std::uint64_t room);
  void admit(Partition& partition, const model::BatchPtr& batch, WallTime now);
  void pass_over(Partition& partition, Offset offset);
  bool may_give(WallTime now) const;
  model::FrameLimits within(const model::FrameLimits& limits, WallTime now) const;
  LaneKey lane_of(const model::Batch& batch, std::uint32_t index) const;
  void lose_frame(const FrameBook::Open& open, std::optional<std::uint32_t> blamed, bool suspected,
                  const model::WorkerLoss& loss, WallTime now);
  void look_at_touched(WallTime now);
  void look_at(Partition& partition, WallTime now);
  void add_to_commit(Partition& partition);
  void end_call(WallTime now, Commits& out);

  Shared shared_;
  Filter filter_;
  Outcomes outcomes_;
  Rereads rereads_;
  FramePicker picker_;
  ReplayDelivery replay_delivery_;
  Agenda agenda_;
  std::vector<PartitionId> changed_;  // in the call at hand
  std::uint64_t tenures_ = 0;
  Selection selection_;  // of the batch that is offered
};

}  // namespace pelton::dispatch
