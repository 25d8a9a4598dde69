// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace pelton::worker {

// Splits what a worker writes into lines, bounded in length and in rate: what is beyond is dropped
// and counted in a line of its own. Keeps the last lines for the story of a worker's end.
// Shard-confined.
class OutputLines {
 public:
  static constexpr std::size_t kMaxLine = 8192;
  static constexpr std::uint32_t kLinesPerSecond = 1000;
  static constexpr std::size_t kKept = 40;
  static constexpr std::size_t kKeptBytes = 4096;

  explicit OutputLines(std::function<void(std::string_view)> line) : line_(std::move(line)) {}

  void add(std::string_view bytes, std::chrono::steady_clock::time_point now);
  // The rest without an end of line.
  void finish(std::chrono::steady_clock::time_point now);
  // Says how many lines were dropped, once the second in which they were is over.
  void tell_dropped(std::chrono::steady_clock::time_point now);
  // At most kKept lines and kKeptBytes, the end of what was written. UTF-8.
  std::string last_lines() const;

 private:
  void emit(std::string_view line, std::chrono::steady_clock::time_point now);

  const std::function<void(std::string_view)> line_;
  std::string partial_;
  std::deque<std::string> kept_;
  std::chrono::steady_clock::time_point
      second_{};  // when the current second of the rate limit began
  std::uint32_t in_second_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace pelton::worker
