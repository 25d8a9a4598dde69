// SPDX-License-Identifier: Apache-2.0
#include "engine/store/transaction_queue.h"

#include <utility>

namespace pelton::store {

// One may always wait: it is on its way to the disk soon, whatever the others hold.
bool TransactionQueue::full() const {
  if (items_.size() >= max_transactions_ || bytes_ >= max_bytes_) return true;
  return !items_.empty() && memory_ != nullptr && !memory_->room(MemoryUse::appends);
}

bool TransactionQueue::push(Pending& pending, Origin origin) {
  std::condition_variable* waiting = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || (origin == Origin::outside && full())) return false;
    if (origin == Origin::outside) {
      pending.memory = MemoryClaim(memory_, MemoryUse::appends);
      pending.memory.set(pending.bytes);
    }
    const bool was_worth = worth_building();
    bytes_ += pending.bytes;
    items_.push_back(std::move(pending));
    const bool first = items_.size() == 1 && !committing_;
    if (first || (!was_worth && worth_building())) waiting = building_ ? &builder_ : &idle_;
  }
  if (waiting != nullptr) waiting->notify_one();
  return true;
}

bool TransactionQueue::wait_for_room(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return not_full_.wait_until(lock, deadline, [&] { return closed_ || !full(); }) && !closed_;
}

TransactionQueue::Taken TransactionQueue::take(std::size_t max_bytes) {
  Taken taken;
  std::size_t bytes = 0;
  while (!items_.empty() && bytes < max_bytes) {
    bytes += items_.front().bytes;
    taken.items.push_back(std::move(items_.front()));
    items_.pop_front();
  }
  bytes_ -= bytes;
  if (closed_ && items_.empty()) idle_.notify_all();
  taken.turn = !committing_;
  committing_ = true;
  return taken;
}

TransactionQueue::Taken TransactionQueue::begin(std::size_t max_bytes) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] {
    if (building_) return false;
    return worth_building() || (!committing_ && !items_.empty());
  };
  idle_.wait(lock, [&] { return ready() || (closed_ && items_.empty()); });
  if (items_.empty()) return {};
  building_ = true;
  Taken taken = take(max_bytes);
  lock.unlock();
  not_full_.notify_all();
  return taken;
}

std::vector<Pending> TransactionQueue::take_now(std::size_t max_bytes) {
  std::lock_guard lock(mutex_);
  return take(max_bytes).items;
}

TransactionQueue::Taken TransactionQueue::more(std::size_t max_bytes) {
  std::unique_lock lock(mutex_);
  builder_.wait(lock, [&] { return !committing_ || (max_bytes > 0 && worth_building()); });
  Taken taken = take(max_bytes);
  lock.unlock();
  not_full_.notify_all();
  return taken;
}

void TransactionQueue::built() {
  {
    std::lock_guard lock(mutex_);
    building_ = false;
    if (!worth_building()) return;
  }
  idle_.notify_one();
}

void TransactionQueue::committed() {
  std::condition_variable* waiting = nullptr;
  {
    std::lock_guard lock(mutex_);
    committing_ = false;
    // This thread comes back itself, unless another one has a group or nothing comes any more.
    if (building_) waiting = &builder_;
  }
  not_full_.notify_all();
  if (waiting != nullptr) waiting->notify_one();
}

void TransactionQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  idle_.notify_all();
  not_full_.notify_all();
}

}  // namespace pelton::store
