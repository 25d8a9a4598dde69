// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/outcomes.h"
#include "engine/dispatch/shared.h"

#include <set>
#include <vector>

namespace pelton::dispatch {

// Events that are due and not in memory: they stay parked, at the head of their lane, until they
// have been read again. Few are asked for at a time, and one only while memory is short. One
// thread.
class Rereads {
 public:
  Rereads(Shared& shared, Outcomes& outcomes) : shared_(shared), outcomes_(outcomes) {}

  // The event, which has been taken out of its lane, is parked until it is here.
  void want(Partition& partition, Position position);
  void forget(PartitionId partition) { wanting_.erase(partition); }
  // What is to be asked for now.
  void take(std::vector<Reread>& out);
  // The answer; null: the event is not stored any more.
  void answer(Partition& partition, const Reread& which, Offset base, const model::BatchPtr& batch,
              WallTime now);

 private:
  bool room(const Partition& partition) const;
  void lose(Partition& partition, Position position);

  Shared& shared_;
  Outcomes& outcomes_;
  std::set<PartitionId> wanting_;  // those with something to be asked for
};

}  // namespace pelton::dispatch
