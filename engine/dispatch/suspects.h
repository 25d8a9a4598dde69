// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

#include <cstdint>
#include <optional>
#include <unordered_map>

namespace pelton::dispatch {

// The events of a partition that were in a frame whose worker ended, when nobody knows which of
// them ended it. They come again in frames of half as many, and with nothing else, until one event
// is alone. Kept in memory only: after a restart they begin again as one frame.
class Suspects {
 public:
  bool empty() const { return most_.empty(); }
  // The event is one of `together` events of which one ended their worker.
  void add(Offset offset, std::uint32_t together) { most_[offset] = (together + 1) / 2; }
  // It was done, or has failed in a way of its own.
  void clear(Offset offset) { most_.erase(offset); }
  // The most suspects that may be in a frame with it; nothing: it is not suspected.
  std::optional<std::uint32_t> most_together(Offset offset) const {
    const auto found = most_.find(offset);
    return found == most_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::unordered_map<Offset, std::uint32_t> most_;
};

}  // namespace pelton::dispatch
