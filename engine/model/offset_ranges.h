// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/model/records.h"

#include <cstddef>
#include <deque>

namespace pelton::model {

// Value. The settled offsets of a partition: everything below cursor(), and disjoint ranges beyond
// it.
class OffsetRanges {
 public:
  explicit OffsetRanges(const Progress& progress = {});

  Offset cursor() const { return cursor_; }
  bool contains(Offset offset) const;
  // Settles [begin, end); what is settled already stays so.
  void add(Offset begin, Offset end);
  // Behind the last settled offset.
  Offset end() const { return ranges_.empty() ? cursor_ : ranges_.back().end; }
  std::size_t beyond() const { return ranges_.size(); }
  Progress stored() const;

 private:
  Offset cursor_ = 0;
  std::deque<OffsetRange> ranges_;  // beyond the cursor, ascending, not touching
};

// What is stored once the update is.
void apply(const Transaction::ProgressUpdate& update, OffsetRanges& stored);
// Both as one; `later` is the next one of the same binding and partition.
void join(Transaction::ProgressUpdate& update, const Transaction::ProgressUpdate& later);

}  // namespace pelton::model
