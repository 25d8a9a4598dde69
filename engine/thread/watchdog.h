// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace pelton::thread {

// Calls a function when something has not happened in time, on a thread of its own: for a thread
// that may be blocked for good, such as in a system call. arm() and disarm() on one thread.
class Watchdog {
 public:
  ~Watchdog() { disarm(); }

  // `overdue` is called once at the deadline, unless disarm() or another arm() comes first.
  void arm(std::chrono::steady_clock::time_point deadline, std::function<void()> overdue);
  // It is not called from now on; waits for a call under way. Also where nothing was armed.
  void disarm();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool disarmed_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace pelton::thread
