// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/model/batch.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// Values that the dispatcher and the store exchange. docs/formats.md says how they are kept.
namespace pelton::store {

// A partition of a stream.
struct StreamPartition {
  StreamId stream;
  PartitionId partition;
  friend auto operator<=>(const StreamPartition&, const StreamPartition&) = default;
};

// Where a binding stands in one partition: everything below `cursor` is settled, and so is
// `completed` (ascending, disjoint, beyond the cursor, not touching it or each other).
struct Cursor {
  Offset cursor = 0;
  std::vector<OffsetRange> completed;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// One delivery that did not end as done.
struct Attempt {
  std::uint32_t number = 0;  // from 1; 0: did not count (an infrastructure fault)
  WallTime time{};           // when it ended
  std::string cause;         // error | timeout | crash | rejected
  std::string type;          // "ValueError", "signal 9"
  std::string message;
  std::string stack;
  std::string worker;
};

// An event between attempts.
struct RetryState {
  std::uint32_t attempts = 0;      // those that counted
  std::uint32_t worker_kills = 0;  // how many of them ended the worker
  WallTime next{};                 // when the next attempt is due
  WallTime first{};                // when the first attempt ended
  std::vector<Attempt> history;    // the latest, at most kMaxHistory
};
inline constexpr std::size_t kMaxHistory = 10;

// Names a dead letter: one binding, one event. Text form "<binding>/<partition>/<offset>".
struct DeadLetterId {
  BindingId binding;
  PartitionId partition;
  Offset offset = 0;
  friend auto operator<=>(const DeadLetterId&, const DeadLetterId&) = default;
};

struct DeadLetter {
  DeadLetterId id;
  std::string binding;
  std::string stream;
  std::string function;
  WallTime time{};
  std::string reason;  // attempts | failed | worker_killer | max_age | too_large
  std::string idempotency_key;
  RetryState history;
  std::uint32_t replays = 0;  // how often it was replayed and failed again
  model::BatchPtr event;      // a batch of this one event
};

// The outcome of an event under a custom idempotency key, kept until time + the binding's ttl.
struct IdempotencyRecord {
  Hash128 fingerprint;
  WallTime time{};
  PartitionId partition;  // the event that completed the key
  Offset offset = 0;
  model::BatchPtr result;  // its outputs; null: none, or above the stored limit
};

struct Append {
  StreamPartition to;
  model::BatchPtr batch;
};

// What one sender wants written together, atomically: outputs, the cursor that they come from,
// retries, dead letters, idempotency records. Entries are applied in the order of the members
// below.
struct Transaction {
  std::vector<Append> appends;

  struct CursorUpdate {
    BindingId binding;
    StreamPartition at;
    Cursor cursor;
  };
  std::vector<CursorUpdate>
      cursors;  // a later one for the same binding and partition replaces an earlier

  struct RetryUpdate {
    BindingId binding;
    StreamPartition at;
    Offset offset = 0;
    std::optional<RetryState> state;  // absent: the event is settled, forget it
  };
  std::vector<RetryUpdate> retries;

  std::vector<DeadLetter> dead_letters;  // added or replaced
  std::vector<DeadLetterId> dead_letters_removed;

  struct IdempotencyUpdate {
    BindingId binding;
    IdempotencyRecord record;
  };
  std::vector<IdempotencyUpdate> idempotency;

  bool empty() const {
    return appends.empty() && cursors.empty() && retries.empty() && dead_letters.empty() &&
           dead_letters_removed.empty() && idempotency.empty();
  }
};

// A batch of a stream at its place.
struct PlacedBatch {
  StreamPartition at;
  Offset base = 0;
  model::BatchPtr batch;
};

}  // namespace pelton::store
