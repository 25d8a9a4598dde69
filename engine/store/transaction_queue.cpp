// SPDX-License-Identifier: Apache-2.0
#include "engine/store/transaction_queue.h"

#include <utility>

namespace pelton::store {

bool TransactionQueue::push(Pending& pending, Origin origin) {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || (origin == Origin::outside && full())) return false;
    bytes_ += pending.bytes;
    items_.push_back(std::move(pending));
    if (items_.size() > 1) return true;
  }
  not_empty_.notify_one();
  return true;
}

bool TransactionQueue::wait_for_room(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return not_full_.wait_until(lock, deadline, [&] { return closed_ || !full(); }) && !closed_;
}

std::vector<Pending> TransactionQueue::take(std::size_t max_bytes,
                                            std::chrono::steady_clock::time_point until) {
  std::vector<Pending> group;
  std::unique_lock lock(mutex_);
  not_empty_.wait_until(lock, until, [&] { return closed_ || nudged_ || !items_.empty(); });
  nudged_ = false;
  std::size_t taken = 0;
  while (!items_.empty() && (group.empty() || taken < max_bytes)) {
    taken += items_.front().bytes;
    group.push_back(std::move(items_.front()));
    items_.pop_front();
  }
  bytes_ -= taken;
  lock.unlock();
  not_full_.notify_all();
  return group;
}

void TransactionQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  not_empty_.notify_all();
  not_full_.notify_all();
}

bool TransactionQueue::closed_and_empty() const {
  std::lock_guard lock(mutex_);
  return closed_ && items_.empty();
}

void TransactionQueue::nudge() {
  {
    std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  not_empty_.notify_all();
}

}  // namespace pelton::store
