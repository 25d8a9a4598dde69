// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/source_progress.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka_connector {

std::uint64_t SourceProgress::begin(PartitionId partition, Offset from,
                                    std::optional<Offset> committed, Offset end) {
  Part part;
  part.tenure = ++tenures_;
  part.next = part.settled = from;
  part.sent = committed.value_or(-1);
  part.end = end;
  parts_[partition] = part;
  return part.tenure;
}

void SourceProgress::forget(PartitionId partition) {
  parts_.erase(partition);
}

bool SourceProgress::current(PartitionId partition, std::uint64_t tenure) const {
  const auto at = parts_.find(partition);
  return at != parts_.end() && at->second.tenure == tenure;
}

std::optional<Offset> SourceProgress::next(PartitionId partition) const {
  const auto at = parts_.find(partition);
  return at == parts_.end() ? std::nullopt : std::optional(at->second.next);
}

void SourceProgress::end_moved(PartitionId partition, Offset end) {
  if (const auto at = parts_.find(partition); at != parts_.end())
    at->second.end = std::max(at->second.end, end);
}

void SourceProgress::give(PartitionId partition, Offset next) {
  Part& part = parts_.at(partition);
  part.next = next;
  const auto at = std::ranges::find(filling_, partition, &Chunk::partition);
  if (at != filling_.end() && at->tenure == part.tenure) {
    at->next = next;
    return;
  }
  ++part.open;
  filling_.push_back({partition, part.tenure, next});
}

void SourceProgress::pass(PartitionId partition, Offset from, Offset to) {
  const auto at = parts_.find(partition);
  if (at == parts_.end()) return;
  at->second.empty = {from, to};
  absorb(at->second);
}

void SourceProgress::absorb(Part& part) {
  if (part.open > 0 || part.empty.begin > part.settled || part.empty.end <= part.settled) return;
  part.settled = part.empty.end;
  part.next = std::max(part.next, part.settled);
}

SourceProgress::Token SourceProgress::finish() {
  if (!filling_.empty()) given_.push_back({next_token_, std::exchange(filling_, {})});
  return next_token_++;
}

std::vector<SourceProgress::Rewind> SourceProgress::settle(Token token, bool done) {
  ENSURE(!given_.empty() && given_.front().token == token, "reads are settled in order");
  const Given given = std::move(given_.front());
  given_.pop_front();
  std::vector<Rewind> rewinds;
  for (const Chunk& chunk : given.chunks) {
    if (!current(chunk.partition, chunk.tenure)) continue;
    Part& part = parts_.at(chunk.partition);
    --part.open;
    if (!done) {
      rewinds.push_back(rewind(chunk.partition, part));
      continue;
    }
    part.settled = chunk.next;
    absorb(part);
  }
  return rewinds;
}

SourceProgress::Rewind SourceProgress::rewind(PartitionId partition, Part& part) {
  part.tenure = ++tenures_;
  part.open = 0;
  part.next = part.settled;
  part.empty = {};
  return {partition, part.tenure, part.settled};
}

bool SourceProgress::settled(const std::vector<PartitionId>& partitions) const {
  return std::ranges::all_of(partitions, [this](PartitionId partition) {
    const auto at = parts_.find(partition);
    return at == parts_.end() || at->second.open == 0;
  });
}

std::vector<kafka::OffsetCommit> SourceProgress::take_commits() {
  std::vector<kafka::OffsetCommit> commits;
  for (auto& [partition, part] : parts_)
    if (std::exchange(part.sent, part.settled) != part.settled)
      commits.push_back({partition, part.settled, {}});
  return commits;
}

bool SourceProgress::has_commits() const {
  return std::ranges::any_of(
      parts_, [](const auto& entry) { return entry.second.settled != entry.second.sent; });
}

void SourceProgress::commit_failed() {
  for (auto& [partition, part] : parts_) part.sent = -1;
}

std::uint64_t SourceProgress::lag() const {
  std::uint64_t lag = 0;
  for (const auto& [partition, part] : parts_)
    lag += static_cast<std::uint64_t>(std::max<Offset>(0, part.end - part.settled));
  return lag;
}

}  // namespace pelton::kafka_connector
