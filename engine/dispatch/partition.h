// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/config/parts/delivery.h"
#include "engine/dispatch/idempotency_index.h"
#include "engine/dispatch/lanes.h"
#include "engine/dispatch/retries.h"
#include "engine/dispatch/settled_offsets.h"
#include "engine/dispatch/window.h"

#include <set>
#include <unordered_map>

namespace pelton::dispatch {

// The state of one assigned partition: its window, lanes, settled offsets and the few events that
// have a history. The rules are Core's.
struct Partition {
  Partition(PartitionId which, const config::Delivery& delivery, const model::Restored& restored,
            MemoryBudget* budget)
      : id(which),
        stream(restored.stream),
        window(delivery.max_unsettled, delivery.max_unsettled_bytes),
        settled(restored.progress),
        durable(restored.progress.settled),
        next(restored.progress.settled),
        memory(budget, MemoryUse::unsettled) {
    for (const auto& update : restored.retries)
      if (update.state && !settled.contains(update.offset))
        retries.restore(update.offset, *update.state);
    claim_memory();
  }

  auto linker() {
    return [this](Position position) -> Position& { return window.at(position).next; };
  }
  // Of what it holds in memory for unsettled events.
  std::uint64_t bytes() const { return window.bytes() + retries.bytes(); }
  void claim_memory() { memory.set(bytes()); }
  bool has_new() const { return pick < window.tail(); }
  // The event's custom idempotency key, which is no longer needed here.
  std::optional<Hash128> take_key(Offset offset) {
    if (keys.empty()) return std::nullopt;
    const auto key = keys.find(offset);
    if (key == keys.end()) return std::nullopt;
    const Hash128 fingerprint = key->second.fingerprint;
    keys.erase(key);
    return fingerprint;
  }

  const PartitionId id;
  const Incarnation stream;
  std::string key_prefix;  // of the idempotency keys of events that bring none
  Window window;
  Lanes lanes;
  SettledOffsets settled;
  Offset durable = 0;             // the cursor of the last commit that is durable
  Offset next = 0;                // next offset to be offered
  MemoryClaim memory;             // bytes() as they were after the last call
  Position pick = 0;              // first position never looked at
  std::uint64_t new_bytes = 0;    // payload from there on; kept for a batch window only
  std::uint64_t uncommitted = 0;  // settled, not yet durable
  std::uint64_t fresh = 0;        // ... of these, those that no commit carries yet
  std::uint64_t in_flight = 0;
  std::uint64_t waiting = 0;
  Retries retries;
  // Events whose worker ended and nobody knows because of which of them: the most of them that a
  // frame may hold. Gone with the process: then they begin again as one frame.
  std::unordered_map<Offset, std::uint32_t> suspects;
  std::unordered_map<Offset, IdempotencyKey> keys;
  std::set<std::pair<WallTime, Position>>
      due;                  // events between attempts, at their RetryState::next
  WallTime announced{};     // arrival of the event whose batch window on_timer has ended
  bool draining = false;    // gives no more frames
  std::uint64_t epoch = 0;  // commits of an earlier assignment do not count here
};

}  // namespace pelton::dispatch
