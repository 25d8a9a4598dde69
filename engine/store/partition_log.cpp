// SPDX-License-Identifier: Apache-2.0
#include "engine/store/partition_log.h"

#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store {

std::string encode(const IndexEntry& entry) {
  std::string out;
  keys::put_u64(out, entry.place.lap);
  keys::put_u64(out, entry.place.position);
  keys::put_u32(out, entry.place.bytes);
  keys::put_u32(out, entry.place.crc);
  keys::put_u64(out, static_cast<std::uint64_t>(entry.span));
  keys::put_u64(out, static_cast<std::uint64_t>(entry.latest_us));
  keys::put_u64(out, static_cast<std::uint64_t>(entry.appended_us));
  return out;
}

Result<IndexEntry> decode_index_entry(std::string_view bytes) {
  if (bytes.size() != kIndexEntrySize)
    return fail(ErrorKind::corrupt, "E4001", "an entry of the index is damaged");
  IndexEntry entry;
  entry.place.lap = keys::take_u64(bytes);
  entry.place.position = keys::take_u64(bytes);
  entry.place.bytes = keys::take_u32(bytes);
  entry.place.crc = keys::take_u32(bytes);
  entry.span = static_cast<Offset>(keys::take_u64(bytes));
  entry.latest_us = static_cast<std::int64_t>(keys::take_u64(bytes));
  entry.appended_us = static_cast<std::int64_t>(keys::take_u64(bytes));
  return entry;
}

void Extent::add(Offset base, const IndexEntry& entry) {
  if (batches == 0) begin = base;
  latest_us = batches == 0 ? entry.latest_us : std::max(latest_us, entry.latest_us);
  appended_us = std::max(appended_us, entry.appended_us);
  end = base + entry.span;
  bytes += entry.place.bytes;
  ++batches;
}

std::string encode(const Extent& extent) {
  std::string out;
  keys::put_u64(out, static_cast<std::uint64_t>(extent.end));
  keys::put_u64(out, extent.bytes);
  keys::put_u64(out, static_cast<std::uint64_t>(extent.latest_us));
  keys::put_u64(out, static_cast<std::uint64_t>(extent.appended_us));
  keys::put_u32(out, extent.batches);
  return out;
}

Result<Extent> decode_extent(Offset begin, std::string_view bytes) {
  if (bytes.size() != 36) return fail(ErrorKind::corrupt, "E4001", "a stored extent is damaged");
  Extent extent;
  extent.begin = begin;
  extent.end = static_cast<Offset>(keys::take_u64(bytes));
  extent.bytes = keys::take_u64(bytes);
  extent.latest_us = static_cast<std::int64_t>(keys::take_u64(bytes));
  extent.appended_us = static_cast<std::int64_t>(keys::take_u64(bytes));
  extent.batches = keys::take_u32(bytes);
  return extent;
}

void PartitionLog::restore(StreamBounds bounds, std::deque<Extent> extents) {
  earliest_ = bounds.earliest;
  end_ = bounds.end;
  extents_ = std::move(extents);
  bytes_ = 0;
  for (const Extent& extent : extents_) bytes_ += extent.bytes;
}

std::optional<Extent> PartitionLog::append(const model::PlacedBatch& placed,
                                           const IndexEntry& entry) {
  std::optional<Extent> closed;
  if (!extents_.empty() && extents_.back().full()) closed = extents_.back();
  if (extents_.empty() || closed) extents_.emplace_back();
  extents_.back().add(placed.base, entry);
  bytes_ += entry.place.bytes;
  end_ = placed.base + entry.span;
  tail_.push_back(placed);
  return closed;
}

std::vector<model::PlacedBatch> PartitionLog::drop(std::size_t extents) {
  for (std::size_t i = 0; i < extents; ++i) {
    bytes_ -= extents_.front().bytes;
    extents_.pop_front();
  }
  earliest_ = extents_.empty() ? end_ : extents_.front().begin;
  std::vector<model::PlacedBatch> dropped;
  while (!tail_.empty() && tail_.front().base < earliest_) {
    dropped.push_back(std::move(tail_.front()));
    tail_.pop_front();
  }
  return dropped;
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
    bytes += at->batch->unpacked();
    out.push_back(*at);
  }
  return true;
}

std::optional<Offset> PartitionLog::extent_at(std::int64_t time_us) const {
  for (const Extent& extent : extents_)
    if (extent.latest_us >= time_us) return extent.begin;
  return std::nullopt;
}

}  // namespace pelton::store
