// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/store/changes.h"
#include "engine/store/partition_log.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace pelton::store {

// A batch whose bytes are copied to another place of the log.
struct Move {
  model::StreamPartition at;
  Offset base = 0;
  IndexEntry entry;  // with the place where it is
  std::string bytes;
};

// One transaction on its way to the store's threads, or what the store itself has to write.
struct Pending {
  model::Transaction transaction;
  CommitCallback done;
  std::size_t bytes = 0;  // of what it appends
  Changes changes;
  std::vector<Move> moves;
  std::chrono::steady_clock::time_point queued = std::chrono::steady_clock::now();
  bool ends_segment = false;  // the group begins a segment of the log
  MemoryClaim memory{};       // of what comes from outside, until it is answered
};

// Thread-safe. What waits for the store's threads: bounded for outside senders, while the engine's
// own settling (bounded by the windows) is always taken. It also says whose turn it is: at most one
// thread builds a group and at most one commits one. While a group is committed, the next is
// built as soon as enough has queued that this pays; otherwise what comes waits and shares a sync.
// begin(), more(), built(), committed(): one group's way, by one thread.
class TransactionQueue {
 public:
  // `memory`: full also when that has no room for more appends; null: there is no such limit.
  TransactionQueue(std::size_t max_transactions, std::size_t max_bytes, MemoryBudget* memory)
      : max_transactions_(max_transactions), max_bytes_(max_bytes), memory_(memory) {}

  // False when full (outside only) or closed; `pending` is then untouched.
  bool push(Pending& pending, Origin origin);
  // Waits until an outside push would be taken. False when closed or at the deadline.
  bool wait_for_room(std::chrono::steady_clock::time_point deadline);
  struct Taken {
    std::vector<Pending> items;
    bool turn = false;  // the group is complete and may be committed after built()
  };
  // Waits until there is something to build. No items: closed, and all is written.
  Taken begin(std::size_t max_bytes);
  // What waits, without waiting for it and for whoever has no threads.
  std::vector<Pending> take_now(std::size_t max_bytes);
  // What the group gets next; at most about `max_bytes`.
  Taken more(std::size_t max_bytes);
  // The group is built: another thread may begin one.
  void built();
  // The group is committed, and all that belonged to it is gone: the next one has its turn.
  void committed();
  void close();

 private:
  bool worth_building() const { return bytes_ >= kBuildAhead; }
  Taken take(std::size_t max_bytes);
  bool full() const;

  // From so much on, a group is built while another one is committed.
  static constexpr std::size_t kBuildAhead = 1U << 20;

  const std::size_t max_transactions_;
  const std::size_t max_bytes_;
  MemoryBudget* const memory_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;     // threads without a group
  std::condition_variable builder_;  // the thread that builds one
  std::condition_variable not_full_;
  // guarded by mutex_
  std::deque<Pending> items_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  bool building_ = false;
  bool committing_ = false;
};

}  // namespace pelton::store
