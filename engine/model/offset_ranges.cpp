// SPDX-License-Identifier: Apache-2.0
#include "engine/model/offset_ranges.h"

#include <algorithm>

namespace pelton::model {

OffsetRanges::OffsetRanges(const Progress& progress) : cursor_(progress.settled) {
  for (const OffsetRange& range : progress.completed) add(range.begin, range.end);
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

Progress OffsetRanges::stored() const {
  return {cursor_, {ranges_.begin(), ranges_.end()}};
}

void apply(const Transaction::ProgressUpdate& update, OffsetRanges& stored) {
  if (!update.adds) {
    stored = OffsetRanges(update.progress);
    return;
  }
  stored.add(stored.cursor(), update.progress.settled);
  for (const OffsetRange& range : update.progress.completed) stored.add(range.begin, range.end);
}

void join(Transaction::ProgressUpdate& update, const Transaction::ProgressUpdate& later) {
  if (!later.adds) {
    update = later;
    return;
  }
  OffsetRanges both(update.progress);
  apply(later, both);
  update.progress = both.stored();
}

}  // namespace pelton::model
