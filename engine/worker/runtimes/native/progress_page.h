// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pelton::worker::native {

// Resource. The shared page in which a worker tells which events it has begun, and the engine which
// it is not to begin (worker.proto, "Progress page").
class ProgressPage {
 public:
  static constexpr std::size_t kBytes = 4096;
  static constexpr std::size_t kSlots = 64;
  static constexpr std::size_t kLimits = 2;
  struct Seen {
    std::uint64_t frame = 0;
    std::uint32_t index = 0;   // of the first event
    std::uint32_t events = 1;  // at least one
    std::uint64_t begun = 0;   // CLOCK_MONOTONIC, nanoseconds; 0: unknown
    bool same_as(const Seen& other) const { return frame == other.frame && index == other.index; }
  };

  ProgressPage() = default;
  ~ProgressPage();
  ProgressPage(const ProgressPage&) = delete;
  ProgressPage& operator=(const ProgressPage&) = delete;

  // Maps a new page; the descriptor is the worker's. E3001.
  Result<UniqueFd> open();
  // What the worker wrote last, which may be anything, in the order of the slots.
  std::vector<Seen> read() const;
  // From now on no event of the frame from `index` on is to be begun. One may have been at this
  // very moment: what read() shows some milliseconds later tells.
  void limit(std::size_t which, std::uint64_t frame, std::uint32_t index);
  void lift(std::size_t which) { limit(which, 0, 0); }

 private:
  void* page_ = nullptr;
};

}  // namespace pelton::worker::native
