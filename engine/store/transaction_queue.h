// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace pelton::store {

// One transaction on its way to the store thread.
struct Pending {
  model::Transaction transaction;
  CommitCallback done;
  std::size_t bytes = 0;  // of what it appends
};

// Thread-safe. What waits for the store thread: bounded for outside senders, while the engine's own
// settling (bounded by the windows) is always taken.
class TransactionQueue {
 public:
  TransactionQueue(std::size_t max_transactions, std::size_t max_bytes)
      : max_transactions_(max_transactions), max_bytes_(max_bytes) {}

  // False when full (outside only) or closed; `pending` is then untouched.
  bool push(Pending& pending, Origin origin);
  // Waits until an outside push would be taken. False when closed or at the deadline.
  bool wait_for_room(std::chrono::steady_clock::time_point deadline);
  // Takes the next group, oldest first, up to about `max_bytes`; waits at most until `until`.
  // Empty: nothing came.
  std::vector<Pending> take(std::size_t max_bytes, std::chrono::steady_clock::time_point until);
  void close();
  bool closed_and_empty() const;
  // Wakes take() before its time.
  void nudge();

 private:
  bool full() const { return items_.size() >= max_transactions_ || bytes_ >= max_bytes_; }

  const std::size_t max_transactions_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  // guarded by mutex_
  std::deque<Pending> items_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  bool nudged_ = false;
};

}  // namespace pelton::store
