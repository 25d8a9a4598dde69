// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace pelton::thread {

// A thread for what may wait for brokers: runs jobs one after the other, in the order of their
// time. Bounded by its users: requests by the connections, letters by the windows.
class JobThread {
 public:
  using Job = std::move_only_function<void()>;

  ~JobThread() { stop(); }
  void start();
  // In place of a thread: what is due runs on the caller's, in order. True: something was.
  bool run_due();
  // Jobs that were not begun are dropped; one that runs sees stopping() and ends soon.
  void stop();
  // Any thread, also before start().
  void run(Job job) { run_after(Duration{0}, std::move(job)); }
  void run_after(Duration delay, Job job);
  const std::atomic<bool>& stopping() const { return stopping_; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void work();
  // The lock is held before and after, and not while the job runs.
  void run_first(std::unique_lock<std::mutex>& lock);

  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<SteadyTime, Job> jobs_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace pelton::thread
