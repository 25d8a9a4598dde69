// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace pelton::observe {

// Writes lines to a descriptor on a thread of its own, so that a slow or stuck reader of the log
// (a full pipe, a stopped terminal) never blocks the threads that log. Lines that wait are bounded
// in bytes; beyond that, new ones are dropped and counted, and a line says how many once there is
// room. push() from any thread. Own code because spdlog's asynchronous logger bounds its queue by
// the number of lines and waits for the descriptor when it ends.
class LineWriter {
 public:
  static constexpr std::size_t kMaxBytes = 4U << 20;
  using DroppedLine = std::function<std::string(std::uint64_t lines)>;

  // `fd` stays the caller's and open for the writer's life. `dropped` makes the line, without its
  // end, that reports so many lost lines; called on the writer's thread.
  LineWriter(int fd, DroppedLine dropped);
  // As stop() with one second.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` is without its end. Never blocks on the descriptor.
  void push(std::string_view line);
  // Writes what waits for at most that long, then ends the thread; later lines are dropped.
  void stop(std::chrono::milliseconds patience);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void run();
  // False: the descriptor is broken, or the deadline of stop() has passed.
  bool write_all(std::string_view bytes);
  bool writable();

  const int fd_;
  const DroppedLine dropped_line_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;        // guarded by mutex_
  std::uint64_t dropped_ = 0;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  SteadyTime deadline_{};      // guarded by mutex_; of what waits when stopping
  std::thread thread_;
};

}  // namespace pelton::observe
