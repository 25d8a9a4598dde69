// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/unique_fd.h"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pelton::observe {

// Value. What a function wrote, or what is said of it.
struct FunctionLine {
  std::string_view function;
  std::string_view level;  // error, warn, info, debug; report: of an invocation that has ended
  std::string_view text;
  std::string_view worker{}, event{}, invocation{};
};

// Where the lines of a function are: those that are older, and the rest.
struct FunctionLogFiles {
  std::filesystem::path older, newest;
};
FunctionLogFiles function_log_files(const std::filesystem::path& data, const std::string& function);

// The lines of functions, in files of the data folder, a JSON object a line (docs/json.md). A
// thread writes them: whoever has a line is never blocked by the disk. Lines that wait are bounded
// in bytes; beyond that, and while the disk takes none, lines are dropped, and a line says how
// many. They survive the engine, not the machine: nothing is synced. Any thread.
class FunctionLog {
 public:
  static constexpr std::size_t kMaxWaiting = 4U << 20;

  explicit FunctionLog(std::filesystem::path data);
  // Writes what waits.
  ~FunctionLog();
  FunctionLog(const FunctionLog&) = delete;
  FunctionLog& operator=(const FunctionLog&) = delete;

  // So many bytes of the function's lines are kept from now on, the newest; 0: none.
  void keep(const std::string& function, std::uint64_t bytes);
  // Dropped if nothing is kept of the function.
  void write(const FunctionLine& line, WallTime now);

 private:
  struct Waiting {
    std::uint64_t limit = 0;
    std::string lines;
    std::uint64_t dropped = 0;
  };
  // The thread's.
  struct File {
    UniqueFd fd;
    std::uint64_t size = 0;
  };
  struct Chunk {
    std::string function;
    std::uint64_t limit;
    std::string lines;
    std::uint64_t dropped;
  };

  void run();
  std::vector<Chunk> take();
  void write_out(const Chunk& chunk);
  bool open(File& file, const std::string& function);
  bool write_lines(File& file, std::string_view lines);

  const std::filesystem::path data_;
  std::map<std::string, File> files_;  // the thread's
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Waiting, std::less<>> waiting_;  // guarded by mutex_
  std::size_t waiting_bytes_ = 0;                        // guarded by mutex_
  bool news_ = false;                                    // guarded by mutex_
  bool stopping_ = false;                                // guarded by mutex_
  std::thread thread_;
};

}  // namespace pelton::observe
