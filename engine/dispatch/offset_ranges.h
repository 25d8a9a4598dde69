// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/model/records.h"

#include <map>
#include <vector>

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
  Offset end() const { return ranges_.empty() ? cursor_ : ranges_.rbegin()->second; }
  std::size_t beyond() const { return ranges_.size(); }
  model::Progress stored() const;

 private:
  Offset cursor_ = 0;
  std::map<Offset, Offset> ranges_;  // begin -> end, beyond the cursor, not touching
};

}  // namespace pelton::dispatch
