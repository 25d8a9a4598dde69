// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/watchdog.h"

#include <utility>

namespace pelton::thread {

void Watchdog::arm(std::chrono::steady_clock::time_point deadline, std::function<void()> overdue) {
  disarm();
  disarmed_ = false;
  thread_ = std::thread([this, deadline, overdue = std::move(overdue)] {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_until(lock, deadline, [this] { return disarmed_; })) return;
    }
    overdue();
  });
}

void Watchdog::disarm() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    disarmed_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

}  // namespace pelton::thread
