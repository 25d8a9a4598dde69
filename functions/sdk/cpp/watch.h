// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace pelton::detail {

// Calls for what is done to be sent while the handler takes long with the next event, from a thread
// of its own.
//
// What is done is the main thread's as long as it is not in the handler. It takes no lock after
// every event: one that took less than kClear cannot meet a call, which comes kFlushAfter after the
// event began.
class Watch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kFlushAfter = std::chrono::milliseconds(10);

  explicit Watch(std::function<void()> flush) : flush_(std::move(flush)) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A frame of several events is at hand, or not any more.
  void frame(bool on) {
    const std::scoped_lock lock(mutex_);
    if (on && !thread_.joinable())
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    on_ = on;
    if (on) changed_.notify_one();
  }
  // The handler is called, and has returned.
  void enter(Clock::time_point now) {
    begun_.store(now, std::memory_order_release);
    calling_.store(true, std::memory_order_release);
  }
  Clock::time_point leave() {
    calling_.store(false, std::memory_order_release);
    const auto now = Clock::now();
    if (now - begun_.load(std::memory_order_relaxed) >= kClear) {
      const std::scoped_lock what_is_being_sent(mutex_);
    }
    return now;
  }

 private:
  static constexpr auto kClear = kFlushAfter / 2;

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait(lock, stop, [this] { return on_; });
      lock.unlock();
      std::this_thread::sleep_for(kFlushAfter);
      lock.lock();
      // In this order: what is read of the beginning is then of that call, or of a later one.
      if (calling_.load(std::memory_order_acquire) &&
          Clock::now() - begun_.load(std::memory_order_acquire) >= kFlushAfter)
        flush_();
    }
  }

  const std::function<void()> flush_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool on_ = false;
  std::atomic<bool> calling_ = false;
  std::atomic<Clock::time_point> begun_{};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace pelton::detail
