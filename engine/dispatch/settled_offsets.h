// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/offset_ranges.h"

#include <cstdint>
#include <vector>

namespace pelton::dispatch {

// The settled offsets of one partition, and which of them no commit carries yet, so that a commit
// costs what it settles and not what was settled before. One thread.
class SettledOffsets {
 public:
  // `stored` is what the first update will be added to.
  explicit SettledOffsets(const model::Progress& stored) : all_(stored), told_(stored.settled) {}

  // All below it are settled.
  Offset cursor() const { return all_.cursor(); }
  bool contains(Offset offset) const { return all_.contains(offset); }
  // Behind the last settled offset.
  Offset end() const { return all_.end(); }
  // How many ranges are settled beyond the cursor.
  std::size_t beyond() const { return all_.beyond(); }

  // Settles [begin, end).
  void add(Offset begin, Offset end);
  // The cursor is not where the last update had it.
  bool moved() const { return all_.cursor() != told_; }

  // `update` gets what was settled since the last one. In the order of the calls, updates lead to
  // all that is settled. As many ranges are told one by one as there are in all, then all of them
  // at once: whoever stores updates piece by piece never has many.
  void take(model::Transaction::ProgressUpdate& update);

 private:
  void forget_passed();

  model::OffsetRanges all_;
  Offset told_ = 0;
  std::vector<OffsetRange> fresh_;  // settled since take()
  std::size_t pieces_ = 0;          // told since all of them were
};

}  // namespace pelton::dispatch
