// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/fetched_records.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

Offset end_of_records(const model::PlacedBatch& placed) {
  return placed.base + placed.batch->span();
}

}  // namespace

void FetchedRecords::move(PartitionId partition, Offset offset) {
  Partition& moved = partitions_.at(partition);
  moved.ahead.clear();
  if (offset > moved.gap.begin) moved.gap = {};
}

void FetchedRecords::taken(PartitionId partition, Offset to) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  auto& ahead = found->second.ahead;
  std::size_t taken = 0;
  for (; !ahead.empty() && end_of_records(ahead.front().placed) <= to; ahead.pop_front())
    taken += ahead.front().claim->bytes().size();
  if (taken > 0) hooks_.taken(partition, progress_.tenure(partition), taken);
}

std::optional<model::PlacedBatch> FetchedRecords::next(PartitionId partition, Offset from) {
  taken(partition, from);
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || found->second.ahead.empty()) return std::nullopt;
  return found->second.ahead.front().placed;
}

Offset FetchedRecords::end(PartitionId partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return 0;
  const OffsetRange& gap = found->second.gap;
  return found->second.end <= gap.end ? gap.begin : found->second.end;
}

std::optional<WallTime> FetchedRecords::time_at(PartitionId partition, Offset offset) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return std::nullopt;
  for (const Fetched& fetched : found->second.ahead)
    if (end_of_records(fetched.placed) > offset) return from_us(fetched.placed.batch->time_us(0));
  return std::nullopt;
}

void FetchedRecords::fetched(PartitionId partition, Tenure tenure, Offset base,
                             model::BatchPtr batch, Offset end) {
  if (progress_.tenure(partition) != tenure) return;
  Partition& fetched = partitions_.at(partition);
  model::ClaimedBatch claim(batch, memory_, MemoryUse::kafka);
  fetched.ahead.push_back({{{stream_, partition}, base, std::move(batch)}, std::move(claim)});
  fetched.end = std::max(fetched.end, end);
  hooks_.readable(partition);
}

void FetchedRecords::end_moved(PartitionId partition, Offset end) {
  const auto found = partitions_.find(partition);
  if (found != partitions_.end()) found->second.end = std::max(found->second.end, end);
}

void FetchedRecords::passed(PartitionId partition, Tenure tenure, Offset from, Offset to) {
  if (progress_.tenure(partition) != tenure) return;
  partitions_.at(partition).gap = {from, to};
  progress_.skip(partition, tenure, {from, to});
}

}  // namespace pelton::stream
