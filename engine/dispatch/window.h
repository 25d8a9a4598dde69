// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/dispatch/lanes.h"
#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"
#include "engine/model/claimed_batch.h"

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

// A batch that slots of a window stand in.
struct HeldBatch {
  model::ClaimedBatch batch;  // none: nothing of it is unsettled any more
  Position begin = 0;         // its first slot
  Position end = 0;           // behind its last slot
  std::uint32_t live = 0;     // slots that are not settled
  std::uint32_t few = 0;      // with so many left, they may be worth a copy of their own
  WallTime arrived{};
};

// One event in the window.
struct Slot {
  HeldBatch* held = nullptr;  // null: its bytes were let go
  std::uint32_t index = 0;
  SlotState state = SlotState::pending;
  Offset offset = 0;
  LaneKey lane = 0;
  Position next = kNoPosition;  // in its lane
  bool present() const { return held != nullptr; }
  const model::Batch& batch() const { return *held->batch; }
};

// What limits of frames count of an event.
inline std::uint64_t payload(const model::Batch& batch, std::uint32_t index) {
  return batch.data(index).size() + batch.key(index).size() + batch.header_bytes(index).size();
}
inline std::uint64_t payload(const Slot& slot) {
  return payload(slot.batch(), slot.index);
}

// The unsettled events of one partition: a ring of slots over the batches that they stand in,
// positions counting up from 0. What lingers (a long retry, a slow function) holds up nobody: when
// the ring has gone round to it, it is set aside as a copy without its batch. A batch of which a
// few events are left is replaced by a copy of these, and when memory gets short, every batch of
// which little is unsettled. The bytes of an event can be let go and restored. The caller never has
// more than `events` unsettled events.
class Window {
 public:
  // `events`: the most unsettled ones. Memory is short beyond half of `bytes`, or when `memory`, of
  // which batches are claimed as unsettled, has no room (null: it is no limit).
  Window(std::uint32_t events, std::uint64_t bytes, MemoryBudget* memory);
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  std::uint64_t unsettled() const { return unsettled_; }
  // Of the batches that are held, shared or not.
  std::uint64_t bytes() const { return bytes_; }
  Position tail() const { return tail_; }
  // The first unsettled event; unsettled() > 0 and nothing was settled since pop_settled().
  Position oldest() const { return aside_.empty() ? head_ : aside_.begin()->first; }
  Slot& at(Position position) {
    if (position < head_) [[unlikely]]
      return aside_.find(position)->second.slot;
    return ring_[position & mask_];
  }
  const Slot& at(Position position) const { return const_cast<Window*>(this)->at(position); }

  // Keeps the batch alive for the slots that follow; at least one does, and nothing was settled
  // since pop_settled().
  void hold(model::BatchPtr batch, WallTime arrived);
  // The batch in which the slot at `position` stands, to hand it on.
  const model::BatchPtr& batch_at(Position position) const {
    return at(position).held->batch.batch();
  }
  // When the batch of a slot came.
  WallTime arrived(Position position) const { return at(position).held->arrived; }
  // The next event, of the batch held last.
  Position push(std::uint32_t index, Offset offset, LaneKey lane);

  // The slot and its batch can be read until pop_settled().
  void settle(Position position) {
    Slot& slot = at(position);
    slot.state = SlotState::settled;
    --unsettled_;
    ++settled_;
    if (!slot.present()) [[unlikely]]
      released_.erase(position);
    else
      count_off(*slot.held);
    if (position < head_) [[unlikely]]
      settled_aside_.push_back(position);
  }
  // Lets the bytes of the event go: until restore(), only its slot is known, and its time. As with
  // settle(), they can be read until pop_settled().
  void release(Position position);
  // Its bytes are here again: event `index` of the batch, of which nothing else is held for it.
  void restore(Position position, model::BatchPtr batch, std::uint32_t index, WallTime now);
  // The event's own time in microseconds; 0: it has none.
  std::int64_t time_us(Position position) const;

  // Forgets the settled slots at the head and set aside, and the batches without unsettled ones.
  void pop_settled();

 private:
  struct Aside {
    Slot slot;
    HeldBatch held;  // of this one event
  };

  model::ClaimedBatch claimed(model::BatchPtr batch);
  void count_off(HeldBatch& held) {
    if (--held.live == 0)
      emptied_.push_back(&held);
    else if (held.live == held.few) [[unlikely]]
      thinned_.push_back(&held);
  }
  void look_at_thinned();
  void make_room();
  void set_aside(const Slot& slot);
  void grow();
  void let_go(HeldBatch& held);
  void drop_batches();
  bool worth_compacting() const;
  void compact();
  void compact(HeldBatch& held);

  const std::size_t most_;  // places of the ring when it is full grown
  const std::uint64_t most_bytes_;
  MemoryBudget* const memory_;
  std::vector<Slot> ring_;
  std::uint64_t mask_;
  Position head_ = 0;
  Position tail_ = 0;
  std::uint64_t unsettled_ = 0;
  std::uint64_t bytes_ = 0;
  std::deque<HeldBatch> held_;  // slots refer to its elements
  std::map<Position, Aside> aside_;
  std::map<Position, HeldBatch> again_;        // of events of the ring, restored
  std::map<Position, std::int64_t> released_;  // times of events without bytes
  std::vector<HeldBatch*> emptied_;            // to be let go of
  std::vector<HeldBatch*> thinned_;            // of which few events are left
  std::vector<Position> settled_aside_;        // to be erased
  std::uint64_t settled_ = 0;                  // since batches were last looked at for copying
  std::uint64_t compacted_bytes_ = 0;          // bytes_ then, or less since
  model::BatchBuilder builder_;
};

}  // namespace pelton::dispatch
