// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace pelton::store {

// Value. About a MiB of consecutive batches: what retention drops and where a time is looked up.
// Stored once the next one has begun; what lies behind the last stored one is rebuilt from the
// batches at start.
struct Segment {
  Offset begin = 0;
  Offset end = 0;
  std::uint64_t bytes = 0;
  std::int64_t max_time_us = 0;  // latest event time in it
};
inline constexpr std::uint64_t kSegmentBytes = 1U << 20;

std::string encode_segment(const Segment& segment);
Result<Segment> decode_segment(Offset begin, std::string_view bytes);

// Value. What is known in memory of one partition: its bounds, its segments, and its newest batches
// (the tail). Guarded by the lock of Logs.
class PartitionLog {
 public:
  StreamBounds bounds() const { return {earliest_, end_}; }
  std::uint64_t bytes() const { return bytes_; }
  const std::deque<Segment>& segments() const { return segments_; }

  void restore(StreamBounds bounds, std::deque<Segment> segments);
  // A batch that is durable now. Returns the segment that it closed, if any: to be stored some
  // time.
  std::optional<Segment> append(const model::PlacedBatch& placed);
  // Drops whole segments off the front, the tail's batches among them.
  std::vector<model::PlacedBatch> drop(std::size_t segments);
  // The first batch of the tail; nothing when the tail is empty.
  std::optional<model::PlacedBatch> evict();

  // Batches from the one that holds `from`, when the tail has it.
  bool read_tail(Offset from, std::size_t max_bytes, std::vector<model::PlacedBatch>& out) const;
  // Where events at or after `time` may begin: begin of the first segment that reaches it.
  std::optional<Offset> segment_at(std::int64_t time_us) const;

 private:
  Offset earliest_ = 0;
  Offset end_ = 0;
  std::uint64_t bytes_ = 0;
  std::deque<Segment> segments_;
  std::deque<model::PlacedBatch> tail_;
};

// Latest event time of a batch.
std::int64_t max_time(const model::Batch& batch);

}  // namespace pelton::store
