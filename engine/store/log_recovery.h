// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/log.h"

namespace pelton::store {

// What Log::open does: orders the segments by lap, follows the groups from the last applied one on,
// and tells a torn end from damage. Each group is synced before the next is written, so only the
// last one can be torn: one that is not whole, with any trace of a later one, is damage.
class Log::Recovery {
 public:
  Recovery(Log& log, const LogSlot& applied, const Apply& apply)
      : log_(log), applied_(applied), apply_(apply) {}

  Status run();

 private:
  struct First {  // of each segment
    SegmentPtr segment;
    std::uint64_t group = 0;
  };

  Status find_segments();
  Status find_start();
  Status follow();
  // The metadata of the next group; nothing when it is not whole at this place.
  Result<std::optional<std::string>> whole_group(std::uint64_t& size);
  Result<bool> batches_whole(std::string_view directory, std::uint64_t position);
  // Whether the next group begins the segment of the next lap.
  bool enter_next_segment();
  Status check_end();
  Status harden_last();
  // Each group is applied when a whole one follows, which proves it durable; the very last one
  // after harden_last().
  Status apply_last();
  Result<bool> later_group_behind();
  Result<std::optional<std::string>> read(std::uint64_t position, std::uint64_t size);
  void continue_here();
  std::unexpected<Error> damaged(const std::string& cause) const;

  Log& log_;
  const LogSlot& applied_;
  const Apply& apply_;
  std::map<std::uint64_t, First> laps_;
  std::uint64_t last_lap_ = 0;
  SegmentPtr at_;  // where the next group is expected; null: nothing was written yet
  std::uint64_t position_ = 0;
  std::uint64_t group_ = 1;
  SegmentPtr last_;  // where the last whole group is, if it was not applied before
  std::uint64_t last_position_ = 0;
  std::uint64_t last_size_ = 0;
  std::string last_metadata_;  // not applied yet
};

}  // namespace pelton::store
