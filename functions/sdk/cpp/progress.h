// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pelton::detail {

// The page that is shared with the engine (worker.proto, "Progress page"); a page of its own when
// there is none.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Progress(int fd) {
    if (fd < 0) return;
    void* page = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) words_ = static_cast<std::uint64_t*>(page);
  }
  // The frame's events follow.
  void begin_frame(std::uint64_t frame) {
    end();
    words_[0] = frame;
    words_[3] = 1;
  }
  // False: the event is not to begin.
  bool begin(std::size_t index, Clock::time_point now) {
    words_[2] = static_cast<std::uint64_t>(now.time_since_epoch().count());
    at(1).store(index + 1, std::memory_order_release);
    return !limited(index);
  }
  void end() { at(1).store(0, std::memory_order_release); }

 private:
  static constexpr std::size_t kBytes = 4096;
  static constexpr std::size_t kFirstLimit = 2048 / 8;
  static constexpr std::size_t kEndOfLimits = kFirstLimit + 4;

  std::atomic_ref<std::uint64_t> at(std::size_t word) const {
    return std::atomic_ref(words_[word]);
  }
  bool limited(std::size_t index) const {
    for (std::size_t limit = kFirstLimit; limit < kEndOfLimits; limit += 2)
      if (at(limit).load(std::memory_order_acquire) == words_[0] &&
          index >= at(limit + 1).load(std::memory_order_acquire))
        return true;
    return false;
  }

  std::vector<std::uint64_t> own_ = std::vector<std::uint64_t>(kBytes / 8);
  std::uint64_t* words_ = own_.data();
};

}  // namespace pelton::detail
