// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/job_thread.h"

#include <utility>

namespace pelton::thread {

void JobThread::start() {
  thread_ = std::thread([this] { work(); });
}

void JobThread::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void JobThread::run_after(Duration delay, Job job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.emplace(std::chrono::steady_clock::now() + delay, std::move(job));
  }
  changed_.notify_one();
}

bool JobThread::run_due() {
  std::unique_lock lock(mutex_);
  bool some = false;
  while (!jobs_.empty() && jobs_.begin()->first <= std::chrono::steady_clock::now()) {
    run_first(lock);
    some = true;
  }
  return some;
}

void JobThread::run_first(std::unique_lock<std::mutex>& lock) {
  Job job = std::move(jobs_.extract(jobs_.begin()).mapped());
  lock.unlock();
  job();
  // What it holds goes without the lock.
  job = nullptr;
  lock.lock();
}

void JobThread::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const SteadyTime due = jobs_.begin()->first;
    if (std::chrono::steady_clock::now() < due) {
      changed_.wait_until(lock, due);
      continue;
    }
    run_first(lock);
  }
}

}  // namespace pelton::thread
