// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/outcomes.h"

#include <optional>

namespace pelton::dispatch {

// Dead letters delivered again: events of their own, outside the windows. A letter goes behind
// those of its key that are in flight or parked, and holds back those that come. Success removes
// it, failure after the binding's attempts puts it back with what happened added to its history.
// One thread.
class ReplayDelivery {
 public:
  ReplayDelivery(Shared& shared, Outcomes& outcomes) : shared_(shared), outcomes_(outcomes) {}

  // False: it is on its way already. `lane`: of its key.
  bool begin(const model::DeadLetter& letter, LaneKey lane);
  // False: as many are on their way as a window has room for, or 64 MiB of events, or memory is
  // short.
  bool room() const;
  // The next that may go, in the frame book then.
  std::optional<model::Frame> pull(WorkerId worker, WallTime now);
  void finished(const model::DeadLetterId& id, WorkerId worker, const model::FrameResult& result,
                WallTime now);
  // `blamed`: it ended its worker; otherwise it comes again, and no attempt is used.
  void lost(const model::DeadLetterId& id, bool blamed, const model::WorkerLoss& loss,
            WallTime now);

 private:
  bool may_go(Replay& replay, WallTime now);
  bool waits_for_lane(const Replay& replay);
  model::Frame give(Replay& replay, WorkerId worker);
  void leave_flight(Replay& replay);
  void done(Replay& replay, const model::FrameResult& result, WallTime now);
  void follow(Replay& replay, const Verdict& verdict, WallTime now);
  void remove_letter(Replay& replay);
  void end(Replay& replay);

  Shared& shared_;
  Outcomes& outcomes_;
};

}  // namespace pelton::dispatch
