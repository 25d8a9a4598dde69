// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/dispatch/idempotency_index.h"
#include "engine/dispatch/lanes.h"
#include "engine/model/records.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace pelton::dispatch {

// A dead letter that is delivered again.
struct Replay {
  model::DeadLetter letter;
  model::RetryState state;  // of this replay
  std::optional<IdempotencyKey> key;
  LaneKey lane = 0;
  std::uint64_t serial = 0;  // names it among those that wait for an idempotency key
  FrameId frame;             // while in flight
};

// The dead letters on their way: ready, in flight, behind their lane, behind their idempotency key,
// or between attempts. Values and queues only; the rules are Core's.
class Replays {
 public:
  // What is held is claimed of `memory`, when there is one.
  explicit Replays(MemoryBudget* memory) : memory_(memory, MemoryUse::unsettled) {}

  // Null: the letter is on its way already. Otherwise it is ready; fill in the rest.
  Replay* add(const model::DeadLetter& letter);
  Replay& at(const model::DeadLetterId& id) { return replays_.at(id); }
  // It has ended. Until that is durable, the letter that is stored is the old one and not to be
  // replayed again.
  void end(const model::DeadLetterId& id);
  void durable(const model::DeadLetterId& id) { ending_.erase(id); }

  // Of those that have not ended durably.
  std::size_t size() const { return replays_.size() + ending_.size(); }
  // Of the events that are held, and their histories.
  std::uint64_t bytes() const { return memory_.bytes(); }
  bool may_grow() const { return memory_.may_grow(); }

  bool has_ready() const { return !ready_.empty(); }
  std::optional<model::DeadLetterId> pop_ready();
  void push_ready(const model::DeadLetterId& id) { ready_.push_back(id); }

  // Waits until the lane is free: lane_free makes the first that waits for it ready.
  void wait_for_lane(const model::DeadLetterId& id, LaneKey lane);
  bool waiting_for_lanes() const { return !behind_lanes_.empty(); }
  void lane_free(PartitionId partition, LaneKey lane);
  // The partition's lanes are gone.
  void forget_lanes(PartitionId partition);

  // It waits for its idempotency key until then.
  void key_free(std::uint64_t serial);

  void delay(const model::DeadLetterId& id, WallTime due) { due_.emplace(due, id); }
  std::optional<WallTime> next_due() const;
  void wake_due(WallTime now);

 private:
  using Place = std::pair<PartitionId, LaneKey>;

  std::map<model::DeadLetterId, Replay> replays_;
  MemoryClaim memory_;
  std::set<model::DeadLetterId> ending_;
  std::map<std::uint64_t, model::DeadLetterId> serials_;
  std::uint64_t next_serial_ = 1;
  std::deque<model::DeadLetterId> ready_;
  std::map<Place, std::deque<model::DeadLetterId>> behind_lanes_;
  std::multimap<WallTime, model::DeadLetterId> due_;
};

}  // namespace pelton::dispatch
