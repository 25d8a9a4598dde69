// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/dispatch/agenda.h"
#include "engine/dispatch/idempotency_index.h"
#include "engine/dispatch/partition_queue.h"
#include "engine/dispatch/retries.h"
#include "engine/dispatch/settled_offsets.h"
#include "engine/dispatch/suspects.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <optional>
#include <string>
#include <unordered_map>

namespace pelton::dispatch {

// The state of one assigned partition. What follows from what is decided by the rules: Outcomes,
// FramePicker, ReplayDelivery, Dispatcher::Core.
struct Partition {
  Partition(PartitionId which, std::uint64_t assignment, std::string prefix,
            const config::Delivery& delivery, const model::Restored& restored, MemoryBudget* budget,
            std::optional<std::uint64_t> release_from)
      : id(which),
        tenure(assignment),
        stream(restored.stream),
        key_prefix(std::move(prefix)),
        queue(delivery, budget, release_from),
        settled(restored.progress),
        durable(restored.progress.settled),
        next(restored.progress.settled),
        memory(budget),
        histories(budget, MemoryUse::unsettled) {
    for (const auto& update : restored.retries)
      if (update.state && !settled.contains(update.offset))
        retries.restore(update.offset, *update.state);
    claim_histories();
  }

  // Of what it holds in memory for unsettled events.
  std::uint64_t bytes() const { return queue.window().bytes() + retries.bytes(); }
  void claim_histories() { histories.set(retries.bytes()); }
  // Whether it may hold more, beyond its first event.
  bool memory_allows() const { return memory == nullptr || memory->room(MemoryUse::unsettled); }
  // Of an event that brings no key of its own, the one that every event has.
  std::string idempotency_key(Offset offset) const {
    const auto key = keys.find(offset);
    return key != keys.end() ? key->second.text : key_prefix + std::to_string(offset);
  }
  // The event's custom idempotency key, which is no longer needed here.
  std::optional<Hash128> take_key(Offset offset) {
    const auto key = keys.find(offset);
    if (key == keys.end()) return std::nullopt;
    const Hash128 fingerprint = key->second.fingerprint;
    keys.erase(key);
    return fingerprint;
  }
  // `events` events are settled, and a commit has to say so.
  void count_settled(std::uint64_t events) {
    fresh += events;
    uncommitted += events;
    commit_due = true;
  }

  const PartitionId id;
  const std::uint64_t tenure;  // commits of an earlier assignment do not count here
  const Incarnation stream;
  const std::string key_prefix;  // of the idempotency keys of events that bring none
  PartitionQueue queue;
  SettledOffsets settled;
  Offset durable = 0;             // the cursor of the last commit that is durable
  Offset next = 0;                // next offset to be offered
  MemoryBudget* const memory;     // null: no limit
  MemoryClaim histories;          // of `retries`, as they were after the last call
  std::uint64_t uncommitted = 0;  // settled, not yet durable
  std::uint64_t fresh = 0;        // ... of these, those that no commit carries yet
  Retries retries;
  Suspects suspects;
  // Parked until they are read again: to be asked for, and asked for.
  std::set<Position> wanted;
  std::unordered_map<Offset, Position> reading;
  // Of unsettled events that bring one.
  boost::unordered_flat_map<Offset, IdempotencyKey> keys;
  bool draining = false;  // gives no more frames
  // In the call at hand:
  bool touched = false;
  bool commit_due = false;
  bool retry_due = false;  // a change of `retries` is to be committed
  bool changed = false;    // one of these was seen
};

}  // namespace pelton::dispatch
