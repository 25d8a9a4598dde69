// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/line_queue.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace pelton::observe {

// Writes lines to a descriptor on a thread of its own, so that a slow or stuck reader of the log
// (a full pipe, a stopped terminal) never blocks the threads that log. A line says how many were
// dropped (line_queue.h) once there is room. push() from any thread.
class LineWriter {
 public:
  static constexpr std::size_t kMaxBytes = LineQueue::kMaxBytes;
  using DroppedLine = std::function<std::string(std::uint64_t lines)>;

  // `fd` stays the caller's and open for the writer's life. `dropped` makes the line, without its
  // end, that reports so many lost lines; called on the writer's thread.
  LineWriter(int fd, DroppedLine dropped)
      : fd_(fd),
        dropped_line_(std::move(dropped)),
        queue_([this](std::string& lines) { write(lines); }) {}

  // `line` is without its end. Never blocks on the descriptor.
  void push(std::string_view line) { queue_.push(line); }
  // Writes what waits for at most that long, then ends the thread; later lines are dropped. The
  // destructor stops with one second.
  void stop(std::chrono::milliseconds patience) { queue_.stop(patience); }

 private:
  void write(std::string& lines);

  const int fd_;
  const DroppedLine dropped_line_;
  std::uint64_t told_ = 0;  // the thread's: dropped lines
  bool broken_ = false;     // the thread's
  LineQueue queue_;         // ends first
};

}  // namespace pelton::observe
