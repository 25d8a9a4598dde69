// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/base/memory_budget.h"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace pelton::runtime {

// Who may read while memory is short. The partitions of all bindings that hold nothing wait in one
// queue, the bindings in turn, and the first of them reads once there is room. When there is none,
// it reads one batch all the same, so that no state of the memory stops the engine; but of what was
// read that way, a sixteenth of the limit or one batch is held at a time, not a batch for each
// binding and partition.
//
// A turn lasts from the call until its partition says that it ends; one that no worker works on is
// taken back, so that a function without workers does not stop others. Shard-confined.
class MemoryTurns {
 public:
  class Taker {
   public:
    virtual ~Taker() = default;
    // It is the partition's turn to read, for which it waited: may_begin() is true. Read later, not
    // within the call. A turn that is not used has to be ended.
    virtual void your_turn(PartitionId partition) = 0;
    // After call_when_room(), once. Read later, not within the call.
    virtual void room_again() = 0;
  };

  // It lives longer.
  explicit MemoryTurns(MemoryBudget& memory) : memory_(memory), most_(memory.limit() / 16) {}

  // There is room for more, and nobody waits for it.
  bool room() const;
  // Whether the partition, which holds nothing, has its turn, perhaps from now on. False: it waits
  // for it.
  bool may_begin(Taker& taker, PartitionId partition);
  // A partition of the taker that holds something was refused more, for want of room().
  void call_when_room(Taker& taker) { refused_.insert(&taker); }
  // What the partition holds in its turn, and whether a worker has an event of it now. Nothing,
  // when it has no turn.
  void holds(Taker& taker, PartitionId partition, std::uint64_t bytes, bool working);
  // It neither has a turn nor waits for one.
  void end(Taker& taker, PartitionId partition);
  // The same of all its partitions.
  void leave(Taker& taker);
  // The partitions of the taker that have a turn.
  std::vector<PartitionId> of(const Taker& taker) const;

  // There is room again.
  void give();
  // To be called every second: ends the turns that have not been worked on since the last call.
  void take_back_idle();

 private:
  struct Turn {
    bool read = false;        // not yet: `bytes` are unknown
    std::uint64_t bytes = 0;  // the most it has held
    bool idle = false;        // no worker has anything of it
    bool seen_idle = false;
  };
  using Claimant = std::pair<const Taker*, PartitionId>;

  bool may_give() const;
  // Null: nobody is asking. The asker is not called.
  void give_turns(const Claimant* asker);
  void give_next(const Claimant* asker);
  template <typename Which>
  void end_turns(Which which);
  void forget(const Turn& turn);

  MemoryBudget& memory_;
  const std::uint64_t most_;  // bytes of turns, beyond the last one
  std::map<Claimant, Turn> turns_;
  std::size_t unread_ = 0;   // turns that have not read
  std::uint64_t bytes_ = 0;  // of the others
  struct Queue {
    Taker* taker;
    std::deque<PartitionId> partitions;  // not empty
  };
  std::deque<Queue> waiting_;
  std::set<Taker*> refused_;
};

}  // namespace pelton::runtime
