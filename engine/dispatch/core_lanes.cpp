// SPDX-License-Identifier: Apache-2.0
// How events leave workers, wait and come back: the lanes.
#include "engine/dispatch/core.h"

#include <utility>

namespace pelton::dispatch {
namespace {

// An event without a key gets a lane of its own once it comes back, so that parking is one thing.
LaneKey own_lane(Position position) {
  return (position * 0x9e3779b97f4a7c15U) | 2;
}

}  // namespace

// The lane of an event that is to wait in it, out of flight.
Lane& Dispatcher::Core::lane_for(Partition& partition, Position position) {
  Slot& slot = partition.window.at(position);
  const bool laned = slot.lane != 0;
  if (!laned) slot.lane = own_lane(position);
  Lane& lane = partition.lanes.get(slot.lane);
  if (slot.state == SlotState::in_flight) {
    --partition.in_flight;
    --in_flight;
    if (laned) --lane.in_flight;
  }
  return lane;
}

// The event is not with a worker any more and settled.
void Dispatcher::Core::leave_flight(Partition& partition, Slot& slot) {
  --partition.in_flight;
  --in_flight;
  if (slot.lane == 0) return;
  partition.lanes.leave(slot.lane);
  if (replays_.waiting_for_lanes()) lane_moved(partition, slot.lane);
}

void Dispatcher::Core::lane_moved(Partition& partition, LaneKey key) {
  partition.lanes.settle(key);
  if (!replays_.waiting_for_lanes()) return;
  const Lane* lane = partition.lanes.find(key);
  if (lane == nullptr || (lane->in_flight == 0 && !lane->held()))
    replays_.lane_free(partition.id, key);
}

void Dispatcher::Core::wait(Partition& partition, Lane& lane, Position position) {
  partition.window.at(position).state = SlotState::waiting;
  ++partition.waiting;
  Lanes::insert(lane, position, partition.linker());
}

// Between attempts, or waiting for an idempotency key (due at the end of time: then it is unparked
// by name). Only the first event of a lane is parked; what comes behind it waits, and is parked in
// its turn when its time has not come.
void Dispatcher::Core::park(Partition& partition, Position position, WallTime due) {
  Lane& lane = lane_for(partition, position);
  const bool behind =
      (lane.held() && lane.parked < position) || (lane.waiting() && lane.first < position);
  if (behind) {
    wait(partition, lane, position);
  } else {
    const Position later = std::exchange(lane.parked, kNoPosition);
    if (later != kNoPosition) {
      leave_due(partition, later);
      wait(partition, lane, later);
    }
    lane.parked = position;
    partition.window.at(position).state = SlotState::parked;
    if (due == WallTime::max())
      ++partition.waiting;
    else
      partition.due.emplace(due, position);
  }
  lane_moved(partition, partition.window.at(position).lane);
}

// It is not parked any more.
void Dispatcher::Core::leave_due(Partition& partition, Position position) {
  const auto* retry = partition.retries.find(partition.window.at(position).offset);
  if (retry == nullptr || partition.due.erase({retry->next, position}) == 0) --partition.waiting;
}

void Dispatcher::Core::unpark(Partition& partition, Position position) {
  const Slot& slot = partition.window.at(position);
  if (slot.state != SlotState::parked) return;
  Lane& lane = partition.lanes.get(slot.lane);
  lane.parked = kNoPosition;
  leave_due(partition, position);
  wait(partition, lane, position);
  lane_moved(partition, slot.lane);
}

// Back to its lane, untried or unanswered: no attempt is used.
void Dispatcher::Core::give_back(Partition& partition, Position position) {
  Lane& lane = lane_for(partition, position);
  if (lane.held() && position < lane.parked) {
    const Position later = std::exchange(lane.parked, kNoPosition);
    leave_due(partition, later);
    wait(partition, lane, later);
  }
  wait(partition, lane, position);
  lane_moved(partition, partition.window.at(position).lane);
}

}  // namespace pelton::dispatch
