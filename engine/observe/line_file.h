// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/observe/line_queue.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::observe {

// A file that lines are appended to by a thread of its own (line_queue.h). While the disk takes
// none, lines are dropped and counted. A file that was moved or removed is made anew, as logrotate
// wants it. What waits at the end is written, for a second at most.
class LineFile {
 public:
  static constexpr std::size_t kMaxBytes = LineQueue::kMaxBytes;
  // Told of lines that were dropped, on the thread, at most every ten seconds.
  using Report = std::function<void(std::uint64_t lines)>;

  // `/dev/stdout` and `/dev/stderr` are the process's own. E5032: it cannot be opened, or is not a
  // file.
  static Result<std::unique_ptr<LineFile>> open(std::filesystem::path path, Report report);
  // What open() would come to. The file is there afterwards.
  static Status check(const std::filesystem::path& path);

  // ---- any thread
  // `line` is without its end.
  void push(std::string_view line) { queue_.push(line); }
  // Since it was opened.
  std::uint64_t dropped() const { return queue_.dropped(); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  LineFile(std::filesystem::path path, Report report, UniqueFd file);
  void take(const std::string& lines);
  // How much of it was written: whole lines, unless the rest of one would not fit.
  std::size_t write(std::string_view lines);
  void look();
  void tell();

  const std::filesystem::path path_;
  const Report report_;
  // ---- the thread's
  UniqueFd file_;
  const bool regular_;
  bool torn_ = false;  // the last line has no end
  SteadyTime next_look_{};
  SteadyTime next_report_{};
  std::uint64_t told_ = 0;
  // ----
  LineQueue queue_;  // ends first
};

}  // namespace pelton::observe
