// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>

#include "engine/base/ids.h"

namespace pelton::dispatch {

// A lane orders the events of one key: 64 bits of its hash (two keys that meet in one lane are ordered more
// than they need be). 0: no lane.
using LaneKey = std::uint64_t;
// Position of an event in its partition's window; counts up, never reused.
using Position = std::uint64_t;
inline constexpr Position kNoPosition = ~Position{0};

struct Lane {
  FrameId owner;                        // frame that has its events, while in_flight > 0
  std::uint32_t in_flight = 0;
  bool parked = false;                  // its first event waits for a time
  bool ready = false;                   // it stands in the ready queue
  Position first = kNoPosition;         // waiting events, linked through their slots, ascending
  Position last = kNoPosition;
  bool waiting() const { return first != kNoPosition; }
};

// The lanes of one partition that are busy: an idle key costs nothing. The links between waiting events live in
// the window's slots, which the caller passes as `next(position) -> Position&`.
class Lanes {
 public:
  Lane* find(LaneKey key) {
    const auto at = lanes_.find(key);
    return at == lanes_.end() ? nullptr : &at->second;
  }
  Lane& get(LaneKey key) { return lanes_[key]; }

  // An event of the lane may join the frame being built: the lane is idle, or has nothing but events of it.
  bool joins(LaneKey key, FrameId frame) {
    Lane& lane = lanes_[key];
    if (lane.parked || lane.waiting() || (lane.in_flight > 0 && lane.owner != frame)) return false;
    lane.owner = frame;
    ++lane.in_flight;
    return true;
  }

  template <typename Next>
  void append(Lane& lane, Position position, Next next) {
    next(position) = kNoPosition;
    if (lane.waiting())
      next(lane.last) = position;
    else
      lane.first = position;
    lane.last = position;
  }

  // Puts an event back among the waiting ones, in order; those put back come before all that waited.
  template <typename Next>
  void insert(Lane& lane, Position position, Next next) {
    if (!lane.waiting() || position > lane.last) return append(lane, position, next);
    if (position < lane.first) {
      next(position) = lane.first;
      lane.first = position;
      return;
    }
    Position before = lane.first;
    while (next(before) < position) before = next(before);
    next(position) = next(before);
    next(before) = position;
  }

  template <typename Next>
  Position pop(Lane& lane, Next next) {
    const Position position = lane.first;
    lane.first = next(position);
    if (lane.first == kNoPosition) lane.last = kNoPosition;
    return position;
  }

  // After its state changed: queues the lane when its events can go, forgets it when it is idle.
  void settle(LaneKey key) {
    const auto at = lanes_.find(key);
    if (at == lanes_.end()) return;
    Lane& lane = at->second;
    if (lane.in_flight > 0 || lane.parked || lane.ready) return;
    if (lane.waiting()) {
      lane.ready = true;
      ready_.push_back(key);
    } else {
      lanes_.erase(at);
    }
  }

  bool has_ready() const { return !ready_.empty(); }
  LaneKey pop_ready() {
    const LaneKey key = ready_.front();
    ready_.pop_front();
    lanes_[key].ready = false;
    return key;
  }
  // The lane goes next: it was taken but could not go into this frame.
  void push_ready_front(LaneKey key) {
    lanes_[key].ready = true;
    ready_.push_front(key);
  }
  std::size_t ready() const { return ready_.size(); }

 private:
  boost::unordered_flat_map<LaneKey, Lane> lanes_;
  std::deque<LaneKey> ready_;
};

}  // namespace pelton::dispatch
