// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pelton::worker {

// Value. When the next worker may start after some that failed: 200 ms after the first failure,
// twice as long after each further one, at most 30 s.
class RestartBackoff {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr auto kFirst = std::chrono::milliseconds(200);
  static constexpr auto kLongest = std::chrono::seconds(30);

  // A start failed, or its worker ended before it was of any use.
  void failed(Time now) {
    const auto delay = std::min<Time::duration>(kLongest, kFirst * (1 << std::min(in_row_, 10U)));
    ++in_row_;
    not_before_ = now + delay;
  }
  // A worker finished something.
  void succeeded() { in_row_ = 0; }
  // The code is new: what failed before says nothing.
  void forget() { *this = {}; }

  bool failing() const { return in_row_ > 0; }
  Time not_before() const { return not_before_; }

 private:
  std::uint32_t in_row_ = 0;
  Time not_before_{};
};

}  // namespace pelton::worker
