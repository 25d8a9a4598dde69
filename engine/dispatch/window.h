// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/dispatch/lanes.h"
#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace pelton::dispatch {

enum class SlotState : std::uint8_t {
  pending,    // not looked at yet
  waiting,    // in its lane, behind another event
  in_flight,  // with a worker
  parked,     // between attempts, or waiting for its idempotency key
  settled,    // done or dead letter
};

// One event in the window.
struct Slot {
  const model::Batch* batch = nullptr;
  std::uint32_t index = 0;
  SlotState state = SlotState::pending;
  Offset offset = 0;
  LaneKey lane = 0;
  Position next = kNoPosition;  // in its lane
};

// What limits of frames count of an event.
inline std::uint64_t payload(const Slot& slot) {
  return slot.batch->data(slot.index).size() + slot.batch->key(slot.index).size() +
         slot.batch->header_bytes(slot.index).size();
}

// The unsettled events of one partition: a ring of slots over the batches that they stand in,
// positions counting up from 0. What lingers at the head (a long retry, a slow function) is set
// aside when the ring has gone round to it, as a copy without its batch: it holds up nobody, and
// the memory stays that of `limit` events. The caller never has more than `limit` unsettled events.
class Window {
 public:
  explicit Window(std::uint32_t limit);

  std::uint64_t unsettled() const { return unsettled_; }
  Position tail() const { return tail_; }
  // The first unsettled event; unsettled() > 0 and nothing was settled since pop_settled().
  Position oldest() const { return aside_.empty() ? head_ : aside_.begin()->first; }
  Slot& at(Position position) {
    if (position < head_) [[unlikely]]
      return aside_.find(position)->second.slot;
    return ring_[position & mask_];
  }
  const Slot& at(Position position) const { return const_cast<Window*>(this)->at(position); }

  // Keeps the batch alive for the slots that follow.
  void hold(model::BatchPtr batch, WallTime arrived);
  // The batch in which the slot at `position` stands, to hand it on.
  const model::BatchPtr& batch_at(Position position) const;
  // When the batch of a slot in the ring came.
  WallTime arrived(Position position) const { return held_at(position).arrived; }
  Position push(const model::Batch& batch, std::uint32_t index, Offset offset, LaneKey lane);

  void settle(Position position) {
    at(position).state = SlotState::settled;
    --unsettled_;
    if (position < head_) [[unlikely]]
      settled_aside_.push_back(position);
  }
  // Forgets the settled slots at the head and set aside, and the batches that only they stood in.
  void pop_settled();

 private:
  struct Held {
    model::BatchPtr batch;
    Position end = 0;  // behind its last slot
    WallTime arrived{};
  };
  struct Aside {
    Slot slot;
    model::BatchPtr batch;  // of this one event
  };

  const Held& held_at(Position position) const;
  void make_room();
  void grow();
  void drop_batches();

  const std::size_t most_;  // places of the ring when it is full grown
  std::vector<Slot> ring_;
  std::uint64_t mask_;
  Position head_ = 0;
  Position tail_ = 0;
  std::uint64_t unsettled_ = 0;
  std::deque<Held> held_;
  std::map<Position, Aside> aside_;
  std::vector<Position> settled_aside_;  // to be erased
  model::BatchBuilder builder_;
};

}  // namespace pelton::dispatch
