// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace pelton::observe {

// Lines on their way to a thread of their own, which writes them: whoever has a line is never
// blocked by a disk or a reader. Lines that wait are bounded in bytes; beyond that new ones are
// dropped and counted. Own code because spdlog's asynchronous logger bounds its queue by the number
// of lines and waits for the descriptor when it ends.
class LineQueue {
 public:
  static constexpr std::size_t kMaxBytes = 4U << 20;
  // Called on the thread with the lines that waited, each with its end, for it to use; without any
  // when lines were dropped and none waits.
  using Write = std::function<void(std::string& lines)>;

  explicit LineQueue(Write write) : write_(std::move(write)), thread_([this] { run(); }) {}
  ~LineQueue() { stop(std::chrono::seconds(1)); }
  LineQueue(const LineQueue&) = delete;
  LineQueue& operator=(const LineQueue&) = delete;

  // ---- any thread
  // `line` is without its end.
  void push(std::string_view line);
  // Since the start, with those of lost().
  std::uint64_t dropped() const;
  // What waits is written for at most that long, then the thread ends; later lines are dropped.
  void stop(std::chrono::milliseconds patience);

  // ---- within `write`
  // Of what it was given, so many lines could not be written.
  void lost(std::uint64_t lines);
  // Waits until the descriptor can be written to. False: it is broken, or the patience of stop() is
  // at its end.
  bool writable(int fd) const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void run();

  const Write write_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;        // guarded by mutex_
  std::uint64_t dropped_ = 0;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  SteadyTime deadline_{};      // guarded by mutex_; of what waits when stopping
  std::thread thread_;
};

}  // namespace pelton::observe
