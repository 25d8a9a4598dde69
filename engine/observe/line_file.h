// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace pelton::observe {

// A file that lines are appended to by a thread of its own: whoever has a line is never blocked by
// the disk. Lines that wait are bounded in bytes; beyond that, and while the disk takes none, they
// are dropped and counted. A file that was moved or removed is made anew, as logrotate wants it.
class LineFile {
 public:
  static constexpr std::size_t kMaxBytes = 4U << 20;
  // Told of lines that were dropped, on the thread, at most every ten seconds.
  using Report = std::function<void(std::uint64_t lines)>;

  // `/dev/stdout` and `/dev/stderr` are the process's own. E5032: it cannot be opened, or is not a
  // file.
  static Result<std::unique_ptr<LineFile>> open(std::filesystem::path path, Report report);
  // What open() would come to. The file is there afterwards.
  static Status check(const std::filesystem::path& path);
  // Writes what waits, for a second at most.
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  // ---- any thread
  // `line` is without its end.
  void push(std::string_view line);
  // Since it was opened.
  std::uint64_t dropped() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  LineFile(std::filesystem::path path, Report report, UniqueFd file);
  void run();
  // How much of it was written: whole lines, unless the rest of one would not fit.
  std::size_t write(std::string_view lines);
  bool writable();
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
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;        // guarded by mutex_
  std::uint64_t dropped_ = 0;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  SteadyTime deadline_{};      // guarded by mutex_; of what waits when stopping
  std::thread thread_;
};

}  // namespace pelton::observe
