// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/idempotency_index.h"
#include "engine/dispatch/lanes.h"
#include "engine/store/records.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace pelton::dispatch {

// A dead letter that is delivered again.
struct Replay {
  store::DeadLetter letter;
  store::RetryState state;  // of this replay
  std::optional<IdempotencyKey> key;
  LaneKey lane = 0;
  std::uint64_t serial = 0;  // names it among those that wait for an idempotency key
  FrameId frame;             // while in flight
};

// The dead letters on their way: ready, in flight, behind their lane, behind their idempotency key,
// or between attempts. Values and queues only; the rules are Core's.
class Replays {
 public:
  // Null: the letter is on its way already. Otherwise it is ready; fill in the rest.
  Replay* add(const store::DeadLetter& letter);
  Replay& at(const store::DeadLetterId& id) { return replays_.at(id); }
  // It has ended. Until that is durable, the letter that is stored is the old one and not to be
  // replayed again.
  void end(const store::DeadLetterId& id);
  void durable(const store::DeadLetterId& id) { ending_.erase(id); }

  // Of those that have not ended durably.
  std::size_t size() const { return replays_.size() + ending_.size(); }
  // Of the events that are held.
  std::uint64_t bytes() const { return bytes_; }

  bool has_ready() const { return !ready_.empty(); }
  std::optional<store::DeadLetterId> pop_ready();
  void push_ready(const store::DeadLetterId& id) { ready_.push_back(id); }

  // Waits until the lane is free: lane_free makes the first that waits for it ready.
  void wait_for_lane(const store::DeadLetterId& id, LaneKey lane);
  bool waiting_for_lanes() const { return !behind_lanes_.empty(); }
  void lane_free(PartitionId partition, LaneKey lane);
  // The partition's lanes are gone.
  void forget_lanes(PartitionId partition);

  // It waits for its idempotency key until then.
  void key_free(std::uint64_t serial);

  void delay(const store::DeadLetterId& id, WallTime due) { due_.emplace(due, id); }
  std::optional<WallTime> next_due() const;
  void wake_due(WallTime now);

 private:
  using Place = std::pair<PartitionId, LaneKey>;

  std::map<store::DeadLetterId, Replay> replays_;
  std::uint64_t bytes_ = 0;
  std::set<store::DeadLetterId> ending_;
  std::map<std::uint64_t, store::DeadLetterId> serials_;
  std::uint64_t next_serial_ = 1;
  std::deque<store::DeadLetterId> ready_;
  std::map<Place, std::deque<store::DeadLetterId>> behind_lanes_;
  std::multimap<WallTime, store::DeadLetterId> due_;
};

}  // namespace pelton::dispatch
