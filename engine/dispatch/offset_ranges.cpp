// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/offset_ranges.h"

#include <algorithm>

namespace pelton::dispatch {

OffsetRanges::OffsetRanges(const model::Progress& cursor) : cursor_(cursor.settled) {
  for (const OffsetRange& range : cursor.completed) add(range.begin, range.end);
}

bool OffsetRanges::contains(Offset offset) const {
  if (offset < cursor_) return true;
  auto at = ranges_.upper_bound(offset);
  return at != ranges_.begin() && offset < (--at)->second;
}

void OffsetRanges::add(Offset begin, Offset end) {
  begin = std::max(begin, cursor_);
  if (begin >= end) return;
  // Swallow every range that touches [begin, end).
  auto at = ranges_.upper_bound(begin);
  if (at != ranges_.begin() && std::prev(at)->second >= begin) --at;
  while (at != ranges_.end() && at->first <= end) {
    begin = std::min(begin, at->first);
    end = std::max(end, at->second);
    at = ranges_.erase(at);
  }
  if (begin <= cursor_)
    cursor_ = end;
  else
    ranges_.emplace_hint(at, begin, end);
}

model::Progress OffsetRanges::stored() const {
  model::Progress cursor{cursor_, {}};
  cursor.completed.reserve(ranges_.size());
  for (const auto& [begin, end] : ranges_) cursor.completed.push_back({begin, end});
  return cursor;
}

}  // namespace pelton::dispatch
