// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pelton::observe {
namespace {

// A pipe that poll() calls writable takes so much without blocking (POSIX: PIPE_BUF).
constexpr std::size_t kPiece = 4096;
// How soon a blocked write notices stop().
constexpr int kPollMilliseconds = 50;

}  // namespace

LineWriter::LineWriter(int fd, DroppedLine dropped)
    : fd_(fd), dropped_line_(std::move(dropped)), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  stop(std::chrono::seconds(1));
}

void LineWriter::push(std::string_view line) {
  std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() + line.size() + 1 > kMaxBytes) {
    ++dropped_;
    return;
  }
  const bool idle = waiting_.empty();
  waiting_ += line;
  waiting_ += '\n';
  if (idle) changed_.notify_one();
}

void LineWriter::stop(std::chrono::milliseconds patience) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) deadline_ = std::chrono::steady_clock::now() + patience;
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void LineWriter::run() {
  std::string lines;
  for (;;) {
    std::uint64_t dropped = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      lines.clear();
      lines.swap(waiting_);
      dropped = std::exchange(dropped_, 0);
      if (lines.empty() && dropped == 0) return;
    }
    if (dropped > 0) lines += dropped_line_(dropped) + "\n";
    if (!write_all(lines)) return;
  }
}

bool LineWriter::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!writable()) return false;
    const ssize_t written = ::write(fd_, bytes.data(), std::min(bytes.size(), kPiece));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool LineWriter::writable() {
  for (;;) {
    pollfd one{fd_, POLLOUT, 0};
    const int ready = ::poll(&one, 1, kPollMilliseconds);
    if (ready > 0) return (one.revents & POLLOUT) != 0;
    if (ready < 0 && errno != EINTR) return false;
    std::lock_guard lock(mutex_);
    if (stopping_ && std::chrono::steady_clock::now() >= deadline_) return false;
  }
}

}  // namespace pelton::observe
