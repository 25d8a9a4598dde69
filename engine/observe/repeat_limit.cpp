// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/repeat_limit.h"

namespace pelton::observe::log {

// A clock that was set back ends a window as well: nothing may stay silent for that long.
bool RepeatLimit::over(const Window& window, WallTime now) const {
  return now >= window.begin + kWindow || now < window.begin;
}

bool RepeatLimit::admit(std::string_view text, WallTime now) {
  auto at = windows_.find(text);
  if (at == windows_.end()) {
    if (windows_.size() >= kMost) return true;
    at = windows_.emplace(std::string(text), Window{now, 0}).first;
  }
  Window& window = at->second;
  if (over(window, now)) window = {now, 0};
  return ++window.seen <= kBurst;
}

std::vector<RepeatLimit::LeftOut> RepeatLimit::expired(WallTime now) {
  std::vector<LeftOut> left_out;
  std::erase_if(windows_, [&](const auto& entry) {
    const auto& [text, window] = entry;
    if (!over(window, now)) return false;
    if (window.seen > kBurst) left_out.push_back({text, window.seen - kBurst});
    return true;
  });
  return left_out;
}

}  // namespace pelton::observe::log
