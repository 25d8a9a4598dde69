// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/offset_ranges.h"

#include <algorithm>

namespace pelton::dispatch {

OffsetRanges::OffsetRanges(const model::Progress& cursor) : cursor_(cursor.settled) {
  for (const OffsetRange& range : cursor.completed) add(range.begin, range.end);
}

bool OffsetRanges::contains(Offset offset) const {
  if (offset < cursor_) return true;
  const auto at = std::ranges::upper_bound(ranges_, offset, {}, &OffsetRange::end);
  return at != ranges_.end() && at->begin <= offset;
}

void OffsetRanges::add(Offset begin, Offset end) {
  begin = std::max(begin, cursor_);
  if (begin >= end) return;
  // All ranges that touch [begin, end) become one with it.
  const auto first = std::ranges::lower_bound(ranges_, begin, {}, &OffsetRange::end);
  const auto behind = std::ranges::upper_bound(first, ranges_.end(), end, {}, &OffsetRange::begin);
  if (first != behind) {
    begin = std::min(begin, first->begin);
    end = std::max(end, std::prev(behind)->end);
  }
  if (begin <= cursor_) {
    cursor_ = end;
    ranges_.erase(first, behind);
  } else if (first == behind) {
    ranges_.insert(first, {begin, end});
  } else {
    *first = {begin, end};
    ranges_.erase(std::next(first), behind);
  }
}

model::Progress OffsetRanges::stored() const {
  return {cursor_, {ranges_.begin(), ranges_.end()}};
}

}  // namespace pelton::dispatch
