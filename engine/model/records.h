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
namespace pelton::model {

// A partition of a stream.
struct StreamPartition {
  StreamId stream;
  PartitionId partition;
  friend auto operator<=>(const StreamPartition&, const StreamPartition&) = default;
};

// Where a binding stands in one partition: everything below `settled` is settled, and so is
// `completed` (ascending, disjoint, beyond it, not touching it or each other).
struct Progress {
  Offset settled = 0;
  std::vector<OffsetRange> completed;
  friend bool operator==(const Progress&, const Progress&) = default;
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
  std::vector<Attempt> history;    // the latest, within the two limits below
};
inline constexpr std::size_t kMaxHistory = 10;
inline constexpr std::size_t kMaxHistoryBytes = 32U << 10;

// Adds the newest attempt. Where the history would exceed its limits, the oldest attempts are
// shortened, with a word that says so, and dropped when that is not enough. The newest stays whole.
void add_attempt(RetryState& state, Attempt attempt);
// About the memory that it takes.
std::size_t bytes_of(const RetryState& state);

// Names a dead letter: one binding, one event. Text form
// "<binding>/<partition>/<offset>/<incarnation, 16 hexadecimal digits>".
struct DeadLetterId {
  BindingId binding;
  PartitionId partition;
  Offset offset = 0;
  Incarnation stream{};  // that the event came from
  friend auto operator<=>(const DeadLetterId&, const DeadLetterId&) = default;
};

struct DeadLetter {
  DeadLetterId id;
  std::string binding;
  std::string stream;
  std::string function;
  WallTime time{};
  std::string reason;  // attempts | failed | worker_killer | max_age | too_large | undecodable
  std::string idempotency_key;
  RetryState retry;
  std::uint32_t replays = 0;  // how often it was replayed and failed again
  BatchPtr event;             // a batch of this one event
};

// The custom idempotency keys that one commit of a binding completed, as hash128 of their text.
struct CompletedKeys {
  BindingId binding;
  WallTime time{};
  std::vector<Hash128> fingerprints;
};

// Keys are remembered by generations, each as long as the binding's ttl: those of the generation of
// `now` and those of the one before. So a key is known for at least its ttl and at most twice as
// long. When the generation begins, and when the older one does.
WallTime generation_begin(WallTime now, Duration ttl);
WallTime remembered_since(WallTime now, Duration ttl);

struct Append {
  StreamPartition to;
  BatchPtr batch;
};

// An entry of the durable map that the store keeps for each connector.
struct LedgerWrite {
  std::string connector;
  std::string key;
  std::optional<std::string> value;  // absent: remove
};

// Where a sink's ledger has when a partition was last moved by an operator, in microseconds as
// text; it grows with every move, and is written with it. The events from there on then come again
// because somebody wants them again.
std::string moved_key(PartitionId partition);

// What one sender wants written together, atomically: outputs, the progress that they come from,
// retries, dead letters, idempotency keys; a source's events and its position. Entries are applied
// in the order of the members below.
struct Transaction {
  std::vector<Append> appends;

  struct ProgressUpdate {
    BindingId binding;
    StreamPartition at;
    Progress progress;
    // `progress.completed` is what was settled beyond `progress.settled` since the update before,
    // to be added to what is stored; otherwise `progress` replaces it.
    bool adds = false;
  };
  std::vector<ProgressUpdate> progress;  // in order

  struct RetryUpdate {
    BindingId binding;
    StreamPartition at;
    Offset offset = 0;
    std::optional<RetryState> state;  // absent: the event is settled, forget it
    // Its history is added to what is stored. No state: what is stored goes into the dead letter.
    bool appends = false;
  };
  std::vector<RetryUpdate> retries;

  std::vector<DeadLetter> dead_letters;  // added or replaced
  std::vector<DeadLetterId> dead_letters_removed;

  std::vector<CompletedKeys> idempotency;

  std::vector<LedgerWrite> ledger;

  // Nothing but progress: no more than what is settled, which a reader of the stream can find
  // again. Everything else has to be durable before its offset may be committed elsewhere.
  bool only_progress() const {
    return appends.empty() && retries.empty() && dead_letters.empty() &&
           dead_letters_removed.empty() && idempotency.empty() && ledger.empty();
  }
  bool empty() const { return only_progress() && progress.empty(); }
};

// What is stored of an event between attempts once the update is: of `state`, which it has.
void apply(const Transaction::RetryUpdate& update, RetryState& stored);

// About the memory that a transaction takes.
std::size_t bytes_of(const Transaction& transaction);

// What was stored of a partition when it was last let go.
struct Restored {
  Progress progress;
  std::vector<Transaction::RetryUpdate> retries;
  Incarnation stream{};
};

// A batch of a stream at its place.
struct PlacedBatch {
  StreamPartition at;
  Offset base = 0;
  BatchPtr batch;
};

}  // namespace pelton::model
