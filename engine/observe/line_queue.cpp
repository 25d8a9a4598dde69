// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/line_queue.h"

#include <poll.h>

#include <cerrno>
#include <utility>

namespace pelton::observe {
namespace {

// How soon a blocked write notices stop().
constexpr int kNoticeMilliseconds = 50;

}  // namespace

void LineQueue::push(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() + line.size() + 1 > kMaxBytes) {
    ++dropped_;
    return;
  }
  const bool idle = waiting_.empty();
  waiting_ += line;
  waiting_ += '\n';
  if (idle) changed_.notify_one();
}

std::uint64_t LineQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void LineQueue::lost(std::uint64_t lines) {
  const std::lock_guard lock(mutex_);
  dropped_ += lines;
}

void LineQueue::stop(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) deadline_ = std::chrono::steady_clock::now() + patience;
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void LineQueue::run() {
  std::uint64_t seen = 0;
  for (std::string lines;;) {
    lines.clear();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      lines.swap(waiting_);
      if (lines.empty() && dropped_ == seen) return;
      seen = dropped_;
    }
    write_(lines);
  }
}

bool LineQueue::writable(int fd) const {
  for (;;) {
    pollfd one{fd, POLLOUT, 0};
    const int ready = ::poll(&one, 1, kNoticeMilliseconds);
    if (ready > 0) return (one.revents & POLLOUT) != 0;
    if (ready < 0 && errno != EINTR) return false;
    const std::lock_guard lock(mutex_);
    if (stopping_ && std::chrono::steady_clock::now() >= deadline_) return false;
  }
}

}  // namespace pelton::observe
