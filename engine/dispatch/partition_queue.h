// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/dispatch/lanes.h"
#include "engine/dispatch/window.h"

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace pelton::dispatch {

// The unsettled events of one partition and what each waits for: nobody has looked at it (new), an
// event of its lane that precedes it, a worker's answer, or a time (parked). Keeps the order of
// lanes: only the first event of a lane goes or is parked, and all that are in flight of it are in
// one frame. Knows neither outcomes nor retries. One thread.
class PartitionQueue {
 public:
  // `memory`, `release_from`: as DispatcherOptions has them.
  PartitionQueue(const config::Delivery& delivery, MemoryBudget* memory,
                 std::optional<std::uint64_t> release_from)
      : window_(delivery.max_unsettled, delivery.max_unsettled_bytes, memory),
        release_from_(release_from),
        waits_for_more_(delivery.batch.wait > Duration{0}) {}

  // ---- new events
  // Holds the batch for the events that are pushed next, of which there is at least one.
  void hold(model::BatchPtr batch, WallTime arrived) { window_.hold(std::move(batch), arrived); }
  void push(std::uint32_t index, Offset offset, LaneKey lane);
  bool has_new() const { return new_ < window_.tail(); }
  std::uint64_t new_events() const { return window_.tail() - new_; }
  // Of payload; known only when the binding waits for batches to fill.
  std::uint64_t new_bytes() const { return new_bytes_; }
  // When the first new event came; there is one.
  WallTime new_since() const { return window_.arrived(new_); }
  // The first new event; it stays so until pass_new().
  Position first_new() const { return new_; }
  // It is in flight, waits, is parked or settled now.
  void pass_new();

  // ---- looking
  const Window& window() const { return window_; }
  Slot& at(Position position) { return window_.at(position); }
  const Slot& at(Position position) const { return window_.at(position); }
  std::uint64_t in_flight() const { return in_flight_; }
  std::uint64_t waiting() const { return waiting_; }
  // Those that wait for a time, the earliest first.
  const std::set<std::pair<WallTime, Position>>& parked() const { return due_; }

  // ---- into a frame
  // Those of which an event may go are popped here; replays wait for them, and take them.
  Lanes& lanes() { return lanes_; }
  const Lanes& lanes() const { return lanes_; }
  // An event that may go into a frame.
  struct Candidate {
    Position position = 0;
    Slot* slot = nullptr;
    Lane* lane = nullptr;  // null: it has none; valid until another event is moved
  };
  // The next event of a lane that may go into the frame, taken out of its lane: it has to be taken,
  // parked, settled or put back. Nothing: none may.
  std::optional<Candidate> pop(LaneKey lane, FrameId frame);
  // It could not go into this frame.
  void put_back(Position position) { wait(lanes_.get(at(position).lane), position); }
  // After a lane was popped, and pop(): the lane is ready if more of it may go, and goes first if
  // `next`.
  void leave_lane(LaneKey lane, bool next);
  // The first new event, if it may go into the frame: nothing of its lane precedes it. Otherwise it
  // waits in its lane now.
  std::optional<Candidate> join(FrameId frame);
  // Into flight, in that frame.
  void take(const Candidate& event, FrameId frame);

  // ---- out of a frame, or before it
  // The event is settled; it can be read until forget_settled().
  void settle(Position position);
  void forget_settled() { window_.pop_settled(); }
  // Back to its lane, untried or unanswered.
  void give_back(Position position);
  // Until `due`; at the end of time: until it is unparked by name.
  void park(Position position, WallTime due);
  void unpark(Position position);
  // Those whose time has come.
  void unpark_due(WallTime now);
  // The bytes of an event that were let go are here again.
  void restore(Position position, model::BatchPtr batch, WallTime now) {
    window_.restore(position, std::move(batch), 0, now);
  }

 private:
  auto linker() {
    return [this](Position position) -> Position& { return window_.at(position).next; };
  }
  Lane& lane_out_of_flight(Position position);
  void wait(Lane& lane, Position position);
  void leave_parked(Position position);
  void make_way(Lane& lane);
  void release(Position position);

  Window window_;
  Lanes lanes_;
  const std::optional<std::uint64_t> release_from_;
  const bool waits_for_more_;
  Position new_ = 0;  // first position never looked at
  std::uint64_t new_bytes_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t waiting_ = 0;  // in lanes, or parked without a time
  std::set<std::pair<WallTime, Position>> due_;
  std::unordered_map<Position, WallTime> parked_until_;  // of due_
};

inline void PartitionQueue::push(std::uint32_t index, Offset offset, LaneKey lane) {
  const Position position = window_.push(index, offset, lane);
  if (waits_for_more_) new_bytes_ += payload(at(position));
}

inline void PartitionQueue::pass_new() {
  if (waits_for_more_) new_bytes_ -= payload(at(new_));
  const Position passed = new_++;
  if (release_from_ && at(passed).state != SlotState::in_flight) release(passed);
}

inline std::optional<PartitionQueue::Candidate> PartitionQueue::join(FrameId frame) {
  Slot& slot = at(new_);
  if (slot.lane == 0) return Candidate{new_, &slot, nullptr};
  Lane& lane = lanes_.get(slot.lane);
  if (lane.joins(frame)) return Candidate{new_, &slot, &lane};
  wait(lane, new_);
  return std::nullopt;
}

inline void PartitionQueue::take(const Candidate& event, FrameId frame) {
  event.slot->state = SlotState::in_flight;
  ++in_flight_;
  if (event.lane == nullptr) return;
  event.lane->owner = frame;
  ++event.lane->in_flight;
}

inline void PartitionQueue::wait(Lane& lane, Position position) {
  at(position).state = SlotState::waiting;
  ++waiting_;
  Lanes::insert(lane, position, linker());
  if (release_from_ && lane.held()) release(position);
}

inline void PartitionQueue::settle(Position position) {
  Slot& slot = at(position);
  if (slot.state == SlotState::in_flight) {
    --in_flight_;
    if (slot.lane != 0) lanes_.leave(slot.lane);
  }
  window_.settle(position);
}

}  // namespace pelton::dispatch
