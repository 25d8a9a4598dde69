// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <mutex>

namespace pelton::worker {

// The zygotes of this process whose functions have no worker, so that not each of thousands of
// functions that were called once keeps one: above the limit, the one that has been idle for
// longest is to end. Any thread.
class IdleZygotes {
 public:
  static constexpr std::size_t kMost = 32;

  std::uint64_t add() {
    const std::lock_guard lock(mutex_);
    if (kept_.size() == kMost) kept_.pop_front();
    kept_.push_back(next_);
    return next_++;
  }
  bool keeps(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(kept_, id) != kept_.end();
  }
  void remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    std::erase(kept_, id);
  }

 private:
  std::mutex mutex_;
  std::deque<std::uint64_t> kept_;
  std::uint64_t next_ = 1;
};

}  // namespace pelton::worker
