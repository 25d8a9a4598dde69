// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/settled_offsets.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {

void SettledOffsets::add(Offset begin, Offset end) {
  if (begin >= end) return;
  all_.add(begin, end);
  if (end <= all_.cursor()) return;  // the cursor tells it
  if (!fresh_.empty() && fresh_.back().end == begin)
    fresh_.back().end = end;
  else
    fresh_.push_back({begin, end});
}

void SettledOffsets::forget_passed() {
  std::erase_if(fresh_, [&](const OffsetRange& range) { return range.end <= all_.cursor(); });
  std::ranges::sort(fresh_, {}, &OffsetRange::begin);
}

void SettledOffsets::take(model::Transaction::ProgressUpdate& update) {
  forget_passed();
  told_ = all_.cursor();
  pieces_ += std::max<std::size_t>(1, fresh_.size());
  update.adds = pieces_ < all_.beyond();
  if (update.adds) {
    update.progress = {told_, std::exchange(fresh_, {})};
    return;
  }
  pieces_ = 0;
  fresh_.clear();
  update.progress = all_.stored();
}

}  // namespace pelton::dispatch
