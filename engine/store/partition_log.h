// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/log_record.h"
#include "engine/store/store.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace pelton::store {

// Value. What the index says of one batch.
struct IndexEntry {
  Place place;
  Offset span = 0;               // of the partition's offsets
  std::int64_t latest_us = 0;    // latest event time in it
  std::int64_t appended_us = 0;  // when it came
};
std::string encode(const IndexEntry& entry);
Result<IndexEntry> decode_index_entry(std::string_view bytes);
inline constexpr std::size_t kIndexEntrySize = 48;

// Value. About a MiB of consecutive batches: what retention drops and where a time is looked up.
// Stored once the next one has begun; what no stored one covers is rebuilt from the index at start.
struct Extent {
  Offset begin = 0;
  Offset end = 0;
  std::uint64_t bytes = 0;
  std::int64_t latest_us = 0;    // latest event time in it
  std::int64_t appended_us = 0;  // when its last batch came
  std::uint32_t batches = 0;

  void add(Offset base, const IndexEntry& entry);
  // The next batch begins another one.
  bool full() const { return bytes >= kBytes || batches >= kBatches; }

  static constexpr std::uint64_t kBytes = 1U << 20;
  static constexpr std::uint32_t kBatches = 1024;  // bounds what a start rebuilds
};
std::string encode(const Extent& extent);
Result<Extent> decode_extent(Offset begin, std::string_view bytes);

// Value. What is known in memory of one partition: its bounds, its extents, and its newest batches
// (the tail). Guarded by the lock of Logs.
class PartitionLog {
 public:
  StreamBounds bounds() const { return {earliest_, end_}; }
  std::uint64_t bytes() const { return bytes_; }
  const std::deque<Extent>& extents() const { return extents_; }

  void restore(StreamBounds bounds, std::deque<Extent> extents);
  // A batch that is durable now. Returns the extent that it closed, if any: to be stored some time.
  std::optional<Extent> append(const model::PlacedBatch& placed, const IndexEntry& entry);
  // Drops whole extents off the front, the tail's batches among them.
  std::vector<model::PlacedBatch> drop(std::size_t extents);
  // Drops the first batch of the tail, which is not empty.
  void evict() { tail_.pop_front(); }

  // Batches from the one that holds `from`, when the tail has it.
  bool read_tail(Offset from, std::size_t max_bytes, std::vector<model::PlacedBatch>& out) const;
  // Where events at or after `time` may begin: begin of the first extent that reaches it.
  std::optional<Offset> extent_at(std::int64_t time_us) const;

 private:
  Offset earliest_ = 0;
  Offset end_ = 0;
  std::uint64_t bytes_ = 0;
  std::deque<Extent> extents_;
  std::deque<model::PlacedBatch> tail_;
};

}  // namespace pelton::store
