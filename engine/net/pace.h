// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/limits.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace pelton::net {

// Value. How far a peer is behind the least rate: the time that was spent waiting for it, less the
// time that its bytes are worth; being ahead earns nothing. Time in which nothing is expected of
// the peer does not count.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  void restart() { *this = Pace(); }
  void begin_wait(Time now) {
    if (!since_) since_ = now;
  }
  void end_wait(Time now, std::size_t bytes) {
    if (since_) spent_ += now - *since_;
    since_.reset();
    const auto worth = std::chrono::duration_cast<Span>(std::chrono::microseconds(
        static_cast<std::int64_t>(bytes) * 1'000'000 / kLeastBytesPerSecond));
    spent_ = std::max(spent_ - worth, Span{});
  }
  bool waiting() const { return since_.has_value(); }
  Span behind(Time now) const { return spent_ + (since_ ? now - *since_ : Span{}); }

 private:
  Span spent_{};
  std::optional<Time> since_;
};

}  // namespace pelton::net
