// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/dispatch/lanes.h"
#include "engine/model/batch.h"

namespace pelton::dispatch {

enum class SlotState : std::uint8_t {
  pending,    // not looked at yet
  waiting,    // in its lane, behind another event
  in_flight,  // with a worker
  parked,     // between attempts
  settled,    // done or dead letter
};

// One event in the window.
struct Slot {
  const model::Batch* batch = nullptr;
  std::uint32_t index = 0;
  SlotState state = SlotState::pending;
  Offset offset = 0;
  LaneKey lane = 0;
  Position next = kNoPosition;          // in its lane
};

// The unsettled events of one partition and the settled ones between them: a ring of slots over the batches that
// they stand in. Positions count up from 0 and are mapped to ring places.
class Window {
 public:
  explicit Window(std::uint32_t limit);

  std::uint64_t size() const { return tail_ - head_; }
  Position head() const { return head_; }
  Position tail() const { return tail_; }
  Slot& at(Position position) { return ring_[position & mask_]; }
  const Slot& at(Position position) const { return ring_[position & mask_]; }

  // Keeps the batch alive for the slots that follow.
  void hold(model::BatchPtr batch);
  // The batch in which the slot at `position` stands, to hand it on.
  const model::BatchPtr& batch_at(Position position) const;
  Position push(const model::Batch& batch, std::uint32_t index, Offset offset, LaneKey lane);
  // Forgets the settled slots at the head and the batches that only they stood in. Returns how many.
  std::uint64_t pop_settled();

 private:
  struct Held {
    model::BatchPtr batch;
    Position end = 0;                   // behind its last slot
  };

  std::vector<Slot> ring_;
  std::uint64_t mask_;
  Position head_ = 0;
  Position tail_ = 0;
  std::deque<Held> held_;
};

}  // namespace pelton::dispatch
