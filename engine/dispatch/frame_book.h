// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/dispatch/lanes.h"
#include "engine/model/frame.h"
#include "engine/model/records.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pelton::dispatch {

// Who has which frame, what of it is answered, and what is held back until its outputs are where
// they belong (Dispatcher::hold). Says which results are right and who is to blame for the loss of
// a worker; knows nothing of what follows. One thread.
class FrameBook {
 public:
  // A frame that is not over: something of it is with its worker, or held.
  struct Open {
    WorkerId worker;
    PartitionId partition;
    std::vector<Position> slots;                // of its events; empty for a replay
    std::optional<model::DeadLetterId> replay;  // the one event is this dead letter
    std::uint32_t answered = 0;                 // events that the worker has answered for
    std::vector<std::pair<std::uint32_t, std::uint32_t>> held;  // of these: first, count
    bool lost = false;                                          // the worker is gone

    std::uint32_t events() const { return replay ? 1 : static_cast<std::uint32_t>(slots.size()); }
    std::uint32_t in_flight() const;
    bool belongs_to(WorkerId who) const {
      return who == model::kHeld ? !held.empty() : who == worker && !lost;
    }
  };

  explicit FrameBook(FrameId first) : next_(first.value) {}

  // ---- given
  // The id that give() will give.
  FrameId next() const { return FrameId{next_}; }
  void give(WorkerId worker, PartitionId partition, std::vector<Position> slots);
  void give(WorkerId worker, const model::DeadLetterId& replay);

  // ---- answered
  // The frame, when a result of this worker for it is expected; null: the result is late.
  const Open* find(WorkerId worker, FrameId frame) const;
  // Whether the result may be taken. invalid (E3004): it contradicts the frame; cancelled (E3005):
  // it is late.
  Status check(WorkerId worker, FrameId frame, const model::FrameResult& result) const;
  // Whose events the frame has; nothing: a replay, or no open frame.
  std::optional<PartitionId> partition_of(FrameId frame) const;
  // See Dispatcher::hold.
  void hold(WorkerId worker, FrameId frame, std::uint32_t first, std::uint32_t count);
  // A result that passed check() is taken. The frame can be read until close().
  const Open& answer(WorkerId worker, FrameId frame, const model::FrameResult& result);
  // The frame, when the worker has its events from `first` on and has answered none of them.
  const Open* unanswered(WorkerId worker, FrameId frame, std::uint32_t first) const;
  // These are with the worker no more: the frame ends before them.
  void cut(FrameId frame, std::uint32_t first);
  // Forgets the frame if it is over.
  void close(FrameId frame);

  // ---- lost
  struct Loss {
    std::vector<FrameId> frames;  // that have unanswered events, or held ones; oldest first
    // The one event that is to blame: a frame, and the index in it.
    std::optional<std::pair<FrameId, std::uint32_t>> blamed;
    // One of its unanswered events is, nobody knows which.
    std::optional<FrameId> suspected;
  };
  // The worker has none of its frames any more; what is held stays. The frames can be read until
  // close().
  Loss lose(WorkerId worker, const model::WorkerLoss& loss);
  const Open& at(FrameId frame) const { return open_.at(frame); }
  // The partition is gone: results of its frames are late from now on. Replays are not its.
  void forget(PartitionId partition);

  // An event of the partition is with a worker; replays are not its, and what is held is with none.
  bool with_workers(PartitionId partition) const;
  // Events with workers, or held.
  std::uint64_t in_flight() const { return in_flight_; }

 private:
  Open& open(WorkerId worker, PartitionId partition);
  void blame(Loss& lost, const model::WorkerLoss& loss) const;

  std::unordered_map<FrameId, Open> open_;
  std::uint64_t next_;
  std::uint64_t in_flight_ = 0;
};

}  // namespace pelton::dispatch
