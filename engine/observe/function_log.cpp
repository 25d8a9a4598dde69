// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/function_log.h"

#include "engine/base/json_quoted.h"
#include "engine/base/units.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pelton::observe {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "function_logs";

std::string render(const FunctionLine& line, WallTime now) {
  std::string json = fmt::format(R"({{"time":"{}","level":"{}","text":{})", format_time(now),
                                 line.level, json_quoted(line.text));
  const std::pair<const char*, std::string_view> names[] = {
      {"worker", line.worker}, {"event", line.event}, {"invocation", line.invocation}};
  for (const auto& [name, value] : names)
    if (!value.empty()) json += fmt::format(",\"{}\":{}", name, json_quoted(value));
  return json + "}\n";
}

// As many whole lines as fit into `room`; at least one if the file is empty.
std::string_view first_lines(std::string_view lines, std::uint64_t room, bool at_least_one) {
  if (lines.size() <= room) return lines;
  auto end = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
  if (end == std::string_view::npos && at_least_one) end = lines.find('\n');
  return end == std::string_view::npos ? std::string_view() : lines.substr(0, end + 1);
}

}  // namespace

FunctionLogFiles function_log_files(const fs::path& data, const std::string& function) {
  const fs::path newest = data / kFolder / (function + ".ndjson");
  return {newest.string() + ".1", newest};
}

FunctionLog::FunctionLog(fs::path data) : data_(std::move(data)) {
  thread_ = std::thread([this] { run(); });
}

FunctionLog::~FunctionLog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void FunctionLog::keep(const std::string& function, std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  waiting_[function].limit = bytes;
}

void FunctionLog::write(const FunctionLine& line, WallTime now) {
  std::string json = render(line, now);
  std::lock_guard lock(mutex_);
  const auto at = waiting_.find(line.function);
  if (at == waiting_.end() || at->second.limit == 0) return;
  if (waiting_bytes_ + json.size() > kMaxWaiting) {
    ++at->second.dropped;
    return;
  }
  waiting_bytes_ += json.size();
  at->second.lines += json;
  if (!std::exchange(news_, true)) changed_.notify_one();
}

std::vector<FunctionLog::Chunk> FunctionLog::take() {
  std::vector<Chunk> chunks;
  for (auto& [function, waiting] : waiting_)
    if (!waiting.lines.empty())
      chunks.push_back({function, waiting.limit, std::exchange(waiting.lines, {}),
                        std::exchange(waiting.dropped, 0)});
  waiting_bytes_ = 0;
  news_ = false;
  return chunks;
}

void FunctionLog::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return news_ || stopping_; });
    const auto chunks = take();
    const bool last = stopping_;
    lock.unlock();
    for (const Chunk& chunk : chunks) write_out(chunk);
    if (last) return;
  }
}

// The limit is that of two files, of which the older one is replaced by the newer when that is
// full.
void FunctionLog::write_out(const Chunk& chunk) {
  File& file = files_[chunk.function];
  std::string_view rest = chunk.lines;
  std::uint64_t dropped = chunk.dropped;
  while (!rest.empty()) {
    if (!file.fd && !open(file, chunk.function)) break;
    const std::uint64_t most = chunk.limit / 2;
    const auto lines = first_lines(rest, file.size < most ? most - file.size : 0, file.size == 0);
    if (lines.empty()) {
      const FunctionLogFiles names = function_log_files(data_, chunk.function);
      file.fd.reset();
      if (::rename(names.newest.c_str(), names.older.c_str()) != 0) break;
      continue;
    }
    if (!write_lines(file, lines)) break;
    rest.remove_prefix(lines.size());
  }
  dropped += static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
  if (dropped == 0) return;
  const std::string text = fmt::format("({} lines dropped)", dropped);
  if (!file.fd || !write_lines(file, render({chunk.function, "warn", text}, SystemClock{}.now()))) {
    std::lock_guard lock(mutex_);
    waiting_[chunk.function].dropped += dropped;
  }
}

bool FunctionLog::open(File& file, const std::string& function) {
  const fs::path path = function_log_files(data_, function).newest;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  file.fd.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  struct stat status {};
  if (!file.fd || ::fstat(file.fd.get(), &status) != 0) return false;
  file.size = static_cast<std::uint64_t>(status.st_size);
  // An engine that was killed may have left a line without its end.
  return file.size == 0 || write_lines(file, "\n");
}

// All or nothing: half a line would be read as one.
bool FunctionLog::write_lines(File& file, std::string_view lines) {
  std::size_t written = 0;
  while (written < lines.size()) {
    const ssize_t count = ::write(file.fd.get(), lines.data() + written, lines.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  if (written < lines.size()) {
    if (::ftruncate(file.fd.get(), static_cast<off_t>(file.size)) != 0) file.fd.reset();
    return false;
  }
  file.size += lines.size();
  return true;
}

}  // namespace pelton::observe
