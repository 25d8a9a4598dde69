// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace pelton::kafka {

// The time between attempts of which one will succeed some day: it doubles up to five seconds. One
// thread.
class Pause {
 public:
  // The newest attempt has failed.
  void begin() {
    delay_ = on_ ? std::min(delay_ * 2, kLongest) : kFirst;
    until_ = std::chrono::steady_clock::now() + delay_;
    on_ = true;
  }
  // One has succeeded.
  void over() { on_ = false; }
  bool on() const { return on_; }
  std::chrono::milliseconds delay() const { return delay_; }
  // The next attempt may be made.
  bool due() const { return !on_ || std::chrono::steady_clock::now() >= until_; }

 private:
  static constexpr std::chrono::milliseconds kFirst{200};
  static constexpr std::chrono::milliseconds kLongest{5'000};

  bool on_ = false;
  std::chrono::milliseconds delay_{};
  std::chrono::steady_clock::time_point until_{};
};

}  // namespace pelton::kafka
