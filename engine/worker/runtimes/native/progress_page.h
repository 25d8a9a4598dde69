// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <cstddef>
#include <cstdint>

namespace pelton::worker::native {

// Resource. The shared page in which a worker tells which event it has begun (worker.proto,
// "Progress page").
class ProgressPage {
 public:
  static constexpr std::size_t kBytes = 4096;
  struct Seen {
    std::uint64_t frame = 0;
    std::uint64_t index = 0;  // of the event that it has begun + 1; 0: none
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  ProgressPage() = default;
  ~ProgressPage();
  ProgressPage(const ProgressPage&) = delete;
  ProgressPage& operator=(const ProgressPage&) = delete;

  // Maps a new page; the descriptor is the worker's. E3001.
  Result<UniqueFd> open();
  // What the worker wrote last, which may be anything.
  Seen read() const;

 private:
  void* page_ = nullptr;
};

}  // namespace pelton::worker::native
