// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/partition_queue.h"

namespace pelton::dispatch {
namespace {

// An event without a key gets a lane of its own once it comes back, so that parking is one thing.
LaneKey own_lane(Position position) {
  return (position * 0x9e3779b97f4a7c15U) | 2;
}

}  // namespace

std::optional<PartitionQueue::Candidate> PartitionQueue::pop(LaneKey key, FrameId frame) {
  Lane* lane = lanes_.find(key);
  // A replay may have taken the lane since it became ready.
  if (lane == nullptr || lane->held() || !lane->waiting() ||
      (lane->in_flight > 0 && lane->owner != frame))
    return std::nullopt;
  const Position position = Lanes::pop(*lane, linker());
  --waiting_;
  Slot& slot = at(position);
  slot.state = SlotState::pending;
  return Candidate{position, &slot, lane};
}

void PartitionQueue::leave_lane(LaneKey key, bool next) {
  const Lane* lane = lanes_.find(key);
  if (next && lane != nullptr && lane->in_flight == 0 && !lane->held() && lane->waiting() &&
      !lane->ready)
    return lanes_.push_ready_front(key);
  lanes_.settle(key);
}

// The lane of an event that is to wait in it, out of flight.
Lane& PartitionQueue::lane_out_of_flight(Position position) {
  Slot& slot = at(position);
  const bool laned = slot.lane != 0;
  if (!laned) slot.lane = own_lane(position);
  Lane& lane = lanes_.get(slot.lane);
  if (slot.state == SlotState::in_flight) {
    --in_flight_;
    if (laned) --lane.in_flight;
  }
  return lane;
}

// What is parked of the lane waits behind an earlier event, and is parked in its turn when its time
// has not come.
void PartitionQueue::make_way(Lane& lane) {
  const Position later = std::exchange(lane.parked, kNoPosition);
  leave_parked(later);
  wait(lane, later);
}

void PartitionQueue::leave_parked(Position position) {
  const auto until = parked_until_.find(position);
  if (until == parked_until_.end()) {
    --waiting_;
    return;
  }
  due_.erase({until->second, position});
  parked_until_.erase(until);
}

// What is parked, or waits behind what is, need not be in memory; new events are looked at first.
void PartitionQueue::release(Position position) {
  const Slot& slot = at(position);
  if (!release_from_ || position >= new_ || slot.state == SlotState::settled || !slot.present())
    return;
  const Lane* const lane = lanes_.find(slot.lane);
  if (lane != nullptr && lane->held() && payload(slot) >= *release_from_) window_.release(position);
}

void PartitionQueue::give_back(Position position) {
  Lane& lane = lane_out_of_flight(position);
  if (lane.held() && position < lane.parked) make_way(lane);
  wait(lane, position);
  lanes_.settle(at(position).lane);
}

void PartitionQueue::park(Position position, WallTime due) {
  Lane& lane = lane_out_of_flight(position);
  const bool behind =
      (lane.held() && lane.parked < position) || (lane.waiting() && lane.first < position);
  if (behind) {
    wait(lane, position);
  } else {
    if (lane.held()) make_way(lane);
    lane.parked = position;
    at(position).state = SlotState::parked;
    if (due == WallTime::max()) {
      ++waiting_;
    } else {
      due_.emplace(due, position);
      parked_until_.emplace(position, due);
      release(position);
      // From the first that has been let go on, all have.
      Position behind_it = release_from_ ? lane.first : kNoPosition;
      for (; behind_it != kNoPosition && at(behind_it).present(); behind_it = at(behind_it).next)
        release(behind_it);
    }
  }
  lanes_.settle(at(position).lane);
}

void PartitionQueue::unpark(Position position) {
  const Slot& slot = at(position);
  if (slot.state != SlotState::parked) return;
  Lane& lane = lanes_.get(slot.lane);
  lane.parked = kNoPosition;
  leave_parked(position);
  wait(lane, position);
  lanes_.settle(slot.lane);
}

void PartitionQueue::unpark_due(WallTime now) {
  while (!due_.empty() && due_.begin()->first <= now) unpark(due_.begin()->second);
}

}  // namespace pelton::dispatch
