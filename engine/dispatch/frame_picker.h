// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/outcomes.h"
#include "engine/dispatch/rereads.h"

#include <optional>
#include <vector>

namespace pelton::dispatch {

// Which events of a partition go into the next frame: those of ready lanes first, then new ones.
// What turns out to be no work for a worker on the way (a completed idempotency key, an event that
// is too large, a retry that is not due yet) is settled, buried or parked. One thread.
class FramePicker {
 public:
  FramePicker(Shared& shared, Outcomes& outcomes, Rereads& rereads)
      : shared_(shared), outcomes_(outcomes), rereads_(rereads) {}

  // When the partition can give a frame, as far as its events and its batch.wait go.
  Agenda::Plan plan(const Partition& partition, WallTime now) const;
  // A frame within the limits, which is in the frame book then; nothing: there is nothing to give.
  std::optional<model::Frame> pick(Partition& partition, WorkerId worker,
                                   const model::FrameLimits& limits, WallTime now);

 private:
  struct Picking;
  enum class Fit { goes, later, gone };

  bool new_go(const Partition& partition, WallTime now) const;
  bool may_give(const Partition& partition, WallTime now) const;
  void pick_ready(Partition& partition, Picking& picking, WallTime now);
  void pick_lane(Partition& partition, LaneKey lane, Picking& picking, WallTime now);
  void pick_new(Partition& partition, Picking& picking, WallTime now);
  Fit fit(Partition& partition, Position position, const Slot& slot, Picking& picking,
          WallTime now);
  static Fit fit_suspect(const Partition& partition, Offset offset, Picking& picking);
  Fit fit_history(Partition& partition, Position position, Picking& picking, WallTime now);
  bool blocked_by_key(Partition& partition, Position position, WallTime now);
  model::Frame build(const Partition& partition, const std::vector<Position>& slots);
  void fill_batch(const Partition& partition, const std::vector<Position>& slots,
                  model::Frame& frame);
  static void fill_attempts(const Partition& partition, const std::vector<Position>& slots,
                            model::Frame& frame);

  Shared& shared_;
  Outcomes& outcomes_;
  Rereads& rereads_;
};

}  // namespace pelton::dispatch
