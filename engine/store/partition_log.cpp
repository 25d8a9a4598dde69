// SPDX-License-Identifier: Apache-2.0
#include "engine/store/partition_log.h"

#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store {

std::string encode_segment(const Segment& segment) {
  std::string out;
  keys::put_u64(out, static_cast<std::uint64_t>(segment.end));
  keys::put_u64(out, segment.bytes);
  keys::put_u64(out, static_cast<std::uint64_t>(segment.max_time_us));
  return out;
}

Result<Segment> decode_segment(Offset begin, std::string_view bytes) {
  if (bytes.size() != 24) return fail(ErrorKind::corrupt, "E4001", "a stored segment is damaged");
  Segment segment;
  segment.begin = begin;
  segment.end = static_cast<Offset>(keys::take_u64(bytes));
  segment.bytes = keys::take_u64(bytes);
  segment.max_time_us = static_cast<std::int64_t>(keys::take_u64(bytes));
  return segment;
}

std::int64_t max_time(const model::Batch& batch) {
  std::int64_t latest = batch.time_us(0);
  for (std::size_t i = 1; i < batch.size(); ++i) latest = std::max(latest, batch.time_us(i));
  return latest;
}

void PartitionLog::restore(StreamBounds bounds, std::deque<Segment> segments) {
  earliest_ = bounds.earliest;
  end_ = bounds.end;
  segments_ = std::move(segments);
  bytes_ = 0;
  for (const Segment& segment : segments_) bytes_ += segment.bytes;
}

std::optional<Segment> PartitionLog::append(const model::PlacedBatch& placed) {
  const Offset end = placed.base + placed.batch->span();
  const std::uint64_t bytes = placed.batch->bytes().size();
  const std::int64_t latest = max_time(*placed.batch);
  std::optional<Segment> closed;
  if (!segments_.empty() && segments_.back().bytes >= kSegmentBytes) closed = segments_.back();
  if (segments_.empty() || closed) segments_.push_back({placed.base, placed.base, 0, latest});
  Segment& last = segments_.back();
  last.end = end;
  last.bytes += bytes;
  last.max_time_us = std::max(last.max_time_us, latest);
  bytes_ += bytes;
  end_ = end;
  tail_.push_back(placed);
  return closed;
}

std::vector<model::PlacedBatch> PartitionLog::drop(std::size_t segments) {
  for (std::size_t i = 0; i < segments; ++i) {
    bytes_ -= segments_.front().bytes;
    segments_.pop_front();
  }
  earliest_ = segments_.empty() ? end_ : segments_.front().begin;
  std::vector<model::PlacedBatch> dropped;
  while (!tail_.empty() && tail_.front().base < earliest_) {
    dropped.push_back(std::move(tail_.front()));
    tail_.pop_front();
  }
  return dropped;
}

std::optional<model::PlacedBatch> PartitionLog::evict() {
  if (tail_.empty()) return std::nullopt;
  model::PlacedBatch placed = std::move(tail_.front());
  tail_.pop_front();
  return placed;
}

bool PartitionLog::read_tail(Offset from, std::size_t max_bytes,
                             std::vector<model::PlacedBatch>& out) const {
  if (from >= end_) return true;
  if (tail_.empty() || tail_.front().base > std::max(from, earliest_)) return false;
  auto at = std::ranges::upper_bound(tail_, from, {}, &model::PlacedBatch::base);
  if (at != tail_.begin()) --at;
  if (at->base + at->batch->span() <= from) ++at;
  std::size_t bytes = 0;
  for (; at != tail_.end() && (out.empty() || bytes < max_bytes); ++at) {
    bytes += at->batch->bytes().size();
    out.push_back(*at);
  }
  return true;
}

std::optional<Offset> PartitionLog::segment_at(std::int64_t time_us) const {
  for (const Segment& segment : segments_)
    if (segment.max_time_us >= time_us) return segment.begin;
  return std::nullopt;
}

}  // namespace pelton::store
