// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/model/records.h"

#include <cstddef>
#include <deque>

namespace pelton::dispatch {

// Value. The settled offsets of a partition: everything below cursor(), and disjoint ranges beyond
// it.
class OffsetRanges {
 public:
  explicit OffsetRanges(const model::Progress& cursor = {});

  Offset cursor() const { return cursor_; }
  bool contains(Offset offset) const;
  // Settles [begin, end); what is settled already stays so.
  void add(Offset begin, Offset end);
  // Behind the last settled offset.
  Offset end() const { return ranges_.empty() ? cursor_ : ranges_.back().end; }
  std::size_t beyond() const { return ranges_.size(); }
  model::Progress stored() const;

 private:
  Offset cursor_ = 0;
  // Beyond the cursor, ascending, not touching. In few pieces: every commit copies them.
  std::deque<OffsetRange> ranges_;
};

}  // namespace pelton::dispatch
