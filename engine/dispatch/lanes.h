// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace pelton::dispatch {

// A lane orders the events of one key: 64 bits of its hash (two keys that meet in one lane are
// ordered more than they need be). 0: no lane.
using LaneKey = std::uint64_t;
// Position of an event in its partition's window; counts up, never reused.
using Position = std::uint64_t;
inline constexpr Position kNoPosition = ~Position{0};

// Events of one lane are in flight in one frame at most, so a frame that fails holds back all that
// follow.
struct Lane {
  FrameId owner;  // frame that has its events, while in_flight > 0
  std::uint32_t in_flight = 0;
  bool ready = false;  // it stands in the ready queue
  Position parked =
      kNoPosition;  // its first event, which waits for a time; later ones wait behind it
  Position first = kNoPosition;  // waiting events, linked through their slots, ascending
  Position last = kNoPosition;
  bool waiting() const { return first != kNoPosition; }
  bool held() const { return parked != kNoPosition; }
  // An event that nothing of its lane precedes may join the frame that has the lane, or an idle
  // lane's any frame.
  bool joins(FrameId frame) const {
    return !held() && !waiting() && (in_flight == 0 || owner == frame);
  }
};

// The lanes of one partition that are busy: an idle key costs nothing. The links between waiting
// events live in the window's slots, which the caller passes as `next(position) -> Position&`.
// References to a lane are valid until the next get().
class Lanes {
 public:
  const Lane* find(LaneKey key) const {
    const auto at = lanes_.find(key);
    return at == lanes_.end() ? nullptr : &at->second;
  }
  Lane* find(LaneKey key) {
    const auto at = lanes_.find(key);
    return at == lanes_.end() ? nullptr : &at->second;
  }
  Lane& get(LaneKey key) { return lanes_[key]; }

  template <typename Next>
  static void append(Lane& lane, Position position, Next next) {
    next(position) = kNoPosition;
    if (lane.waiting())
      next(lane.last) = position;
    else
      lane.first = position;
    lane.last = position;
  }

  // Puts an event back among the waiting ones, in order. Cheap at either end: put back the last one
  // first.
  template <typename Next>
  static void insert(Lane& lane, Position position, Next next) {
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
  static Position pop(Lane& lane, Next next) {
    const Position position = lane.first;
    lane.first = next(position);
    if (lane.first == kNoPosition) lane.last = kNoPosition;
    return position;
  }

  // One of the lane's events is not in flight any more; then as settle.
  void leave(LaneKey key) {
    const auto at = lanes_.find(key);
    --at->second.in_flight;
    settle_at(at);
  }

  // After its state changed: queues the lane when its events can go, forgets it when it is idle.
  void settle(LaneKey key) {
    if (const auto at = lanes_.find(key); at != lanes_.end())
      settle_at(at);
    else if (watched_)
      freed_.push_back(key);
  }

  // ---- for those that wait for a lane: replays of dead letters
  // Nothing of it is in flight or parked.
  bool is_free(LaneKey key) const {
    const Lane* lane = find(key);
    return lane == nullptr || (lane->in_flight == 0 && !lane->held());
  }
  // Takes a lane that is free for a frame; what comes waits behind it.
  void occupy(LaneKey key, FrameId frame) {
    Lane& lane = get(key);
    lane.owner = frame;
    lane.in_flight = 1;
  }
  // Gives it back if that frame has it: it may be absent, or another's, when the partition was let
  // go and assigned again meanwhile.
  void vacate(LaneKey key, FrameId frame) {
    const Lane* lane = find(key);
    if (lane != nullptr && lane->owner == frame && lane->in_flight > 0) leave(key);
  }
  // From now on lanes that become free are noted.
  void watch(bool on) { watched_ = on; }
  std::vector<LaneKey> take_freed() { return std::exchange(freed_, {}); }

  std::size_t ready() const { return ready_.size(); }
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

 private:
  using Map = boost::unordered_flat_map<LaneKey, Lane>;

  void settle_at(Map::iterator at) {
    Lane& lane = at->second;
    if (lane.in_flight > 0 || lane.held()) return;
    if (watched_) freed_.push_back(at->first);
    if (lane.ready) return;
    if (lane.waiting()) {
      lane.ready = true;
      ready_.push_back(at->first);
    } else {
      lanes_.erase(at);
    }
  }

  Map lanes_;
  std::deque<LaneKey> ready_;
  bool watched_ = false;
  std::vector<LaneKey> freed_;
};

}  // namespace pelton::dispatch
