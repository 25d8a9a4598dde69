// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::observe::log {

// Decides which repeats of a line are written: the first kBurst of one text within a window, then
// none until the window is over; what was left out is told. Holds at most kMost texts. One thread
// at a time.
class RepeatLimit {
 public:
  static constexpr std::uint64_t kBurst = 10;
  static constexpr std::size_t kMost = 256;
  static constexpr Duration kWindow = std::chrono::seconds(10);

  struct LeftOut {
    std::string text;
    std::uint64_t lines = 0;
  };

  // True: write it.
  bool admit(std::string_view text, WallTime now);
  // The texts of which lines were left out and whose window is over by now; each is told once.
  std::vector<LeftOut> expired(WallTime now);

 private:
  struct Window {
    WallTime begin{};
    std::uint64_t seen = 0;
  };
  bool over(const Window& window, WallTime now) const;
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace pelton::observe::log
