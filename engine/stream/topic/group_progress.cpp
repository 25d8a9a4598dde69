// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/group_progress.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

// More do not fit beside an offset.
constexpr std::size_t kMostTried = 1'000;

kafka::TriedEvent tried_event(Offset offset, const model::RetryState& state) {
  return {offset, state.attempts, state.worker_kills, state.first,
          std::max(state.first, state.next)};
}

}  // namespace

const GroupProgress::Held* GroupProgress::held(PartitionId partition, Tenure tenure) const {
  const auto found = held_.find(partition);
  return found != held_.end() && found->second.tenure == tenure ? &found->second : nullptr;
}

GroupProgress::Held* GroupProgress::held(PartitionId partition, Tenure tenure) {
  return const_cast<Held*>(std::as_const(*this).held(partition, tenure));
}

bool GroupProgress::needs_local(const GroupCommit& commit) const {
  return commit.committed == commit.resume && commit.metadata &&
         commit.metadata->node == options_.node;
}

PartitionStart GroupProgress::decide(const GroupCommit& commit, const LocalProgress& local,
                                     std::uint64_t epoch) const {
  PartitionStart start{commit.partition, {{commit.resume, {}}, {}}, epoch};
  start.commit = commit.committed != commit.resume;
  // Without metadata, another client or an operator committed: the offset alone counts.
  if (start.commit || !commit.metadata) return start;
  const auto& completed = commit.metadata->completed;
  // Beyond the topic's end: the topic was recreated.
  if (!completed.empty() && completed.back().end > commit.end) return start;
  start.restored.progress.completed = completed;
  if (needs_local(commit) && local.epoch == commit.metadata->epoch)
    start.trusted = add_local(commit, local, start);
  if (start.trusted)
    start.epoch = commit.metadata->epoch;
  else
    start.restored.retries = travelled(commit, start.restored.progress);
  return start;
}

std::vector<model::Transaction::RetryUpdate> GroupProgress::travelled(
    const GroupCommit& commit, const model::Progress& progress) {
  const model::OffsetRanges settled(progress);
  std::vector<model::Transaction::RetryUpdate> retries;
  for (const kafka::TriedEvent& event : commit.metadata->tried)
    if (event.offset < commit.end && !settled.contains(event.offset))
      retries.push_back(
          {{},
           {},
           event.offset,
           model::RetryState{event.attempts, event.worker_kills, event.next, event.first, {}}});
  return retries;
}

// False: the folder knows of offsets that the topic does not have; it belongs to another topic.
bool GroupProgress::add_local(const GroupCommit& commit, const LocalProgress& local,
                              PartitionStart& start) {
  model::Progress& progress = start.restored.progress;
  if (local.progress) {
    model::OffsetRanges all(progress);
    all.add(0, local.progress->settled);
    for (const OffsetRange& range : local.progress->completed) all.add(range.begin, range.end);
    if (model::OffsetRanges(*local.progress).end() > commit.end) return false;
    const model::Progress before = std::exchange(progress, all.stored());
    start.commit = progress != before;
  }
  for (const auto& retry : local.retries)
    if (retry.offset >= progress.settled) start.restored.retries.push_back(retry);
  return true;
}

Tenure GroupProgress::begin(const PartitionStart& start) {
  Held held;
  held.tenure = ++tenures_;
  held.epoch = start.epoch;
  held.buried = start.restored.progress;
  held.stored = model::OffsetRanges(held.buried);
  held.committed = start.restored.progress.settled;
  for (const auto& retry : start.restored.retries)
    if (retry.state) held.tried[retry.offset] = tried_event(retry.offset, *retry.state);
  held.dirty = start.commit;
  held_[start.partition] = std::move(held);
  return tenures_;
}

Tenure GroupProgress::tenure(PartitionId partition) const {
  const auto found = held_.find(partition);
  return found == held_.end() ? 0 : found->second.tenure;
}

std::vector<PartitionId> GroupProgress::partitions() const {
  std::vector<PartitionId> ours;
  for (const auto& [partition, held] : held_) ours.push_back(partition);
  return ours;
}

std::uint64_t GroupProgress::move(PartitionId partition, Offset offset) {
  Held& held = held_.at(partition);
  held.tenure = ++tenures_;
  if (offset > held.gap.begin) held.gap = {};
  held.buried = {offset, {}};
  held.tried.clear();
  held.stored = model::OffsetRanges(held.buried);
  held.committed = offset;
  held.newest = ++settlements_;
  held.dirty = true;
  stored_.push_back({held.newest, true, {{partition, held.tenure, {}}}});
  return held.newest;
}

void GroupProgress::skip(PartitionId partition, Tenure tenure, OffsetRange gap) {
  Held* ours = held(partition, tenure);
  if (ours == nullptr) return;
  ours->gap = gap;
  if (ours->stored.cursor() == gap.begin) ours->dirty = true;
}

std::uint64_t GroupProgress::settle(const model::Transaction& transaction) {
  Settlement settlement;
  settlement.number = ++settlements_;
  for (const auto& update : transaction.progress)
    settlement.moved.push_back({update.at.partition, tenure(update.at.partition), update});
  for (const auto& retry : transaction.retries) {
    Tried tried{retry.at.partition, tenure(retry.at.partition), retry.offset, std::nullopt};
    if (retry.state) tried.event = tried_event(retry.offset, *retry.state);
    settlement.tried.push_back(std::move(tried));
  }
  storing_.push_back(std::move(settlement));
  return settlements_;
}

bool GroupProgress::stored(std::uint64_t number) {
  const auto at = std::ranges::lower_bound(storing_, number, {}, &Settlement::number);
  ENSURE(at != storing_.end() && at->number == number, "a settlement was stored twice");
  at->stored = true;
  bool due = false;
  while (!storing_.empty() && storing_.front().stored) {
    advance_tried(storing_.front());
    due |= advance(storing_.front());
    stored_.push_back(std::move(storing_.front()));
    storing_.pop_front();
  }
  return due;
}

// Returns whether so much is uncommitted that the window might close for want of a commit.
bool GroupProgress::advance(const Settlement& settlement) {
  bool due = false;
  for (const Moved& moved : settlement.moved) {
    Held* ours = held(moved.partition, moved.tenure);
    if (ours == nullptr) continue;
    model::apply(moved.update, ours->stored);
    ours->newest = settlement.number;
    ours->dirty = true;
    due |=
        ours->stored.cursor() - ours->committed >= static_cast<Offset>(options_.max_unsettled / 4);
  }
  return due;
}

void GroupProgress::advance_tried(const Settlement& settlement) {
  for (const Tried& tried : settlement.tried) {
    Held* ours = held(tried.partition, tried.tenure);
    if (ours == nullptr) continue;
    if (tried.event)
      ours->tried[tried.offset] = *tried.event;
    else
      ours->tried.erase(tried.offset);
    ours->dirty = true;
  }
}

std::optional<model::Progress> GroupProgress::bury(PartitionId partition, Offset offset) {
  const auto found = held_.find(partition);
  if (found == held_.end()) return std::nullopt;
  Held& held = found->second;
  model::OffsetRanges ranges(held.buried);
  ranges.add(0, held.committed);
  ranges.add(offset, offset + 1);
  held.buried = ranges.stored();
  return held.buried;
}

std::optional<GroupProgress::Complete> GroupProgress::next_complete() {
  if (stored_.empty() || !is_covered(stored_.front())) return std::nullopt;
  Complete complete{stored_.front().number, outcome(stored_.front())};
  stored_.pop_front();
  return complete;
}

bool GroupProgress::is_covered(const Settlement& settlement) const {
  return std::ranges::all_of(settlement.moved, [&](const Moved& moved) {
    const Held* ours = held(moved.partition, moved.tenure);
    return ours == nullptr || ours->covered >= settlement.number;
  });
}

Status GroupProgress::outcome(const Settlement& settlement) const {
  for (const Moved& moved : settlement.moved)
    if (held(moved.partition, moved.tenure) == nullptr)
      return fail(ErrorKind::unavailable, "E5022",
                  "partition {} moved to another engine before its offset was committed",
                  moved.partition.value);
  return {};
}

bool GroupProgress::uncommitted() const {
  return std::ranges::any_of(held_, [](const auto& entry) { return entry.second.dirty; });
}

bool GroupProgress::uncommitted(PartitionId partition) const {
  const auto found = held_.find(partition);
  return found != held_.end() && found->second.dirty;
}

bool GroupProgress::fits(PartitionId partition) const {
  const auto found = held_.find(partition);
  return found == held_.end() ||
         options_.fitting(metadata_of(found->second), offset_of(found->second)) ==
             found->second.stored.beyond();
}

// Behind what is settled, and behind the gap that follows it.
Offset GroupProgress::offset_of(const Held& held) {
  const bool at_gap = held.stored.cursor() == held.gap.begin && held.stored.beyond() == 0;
  return at_gap ? held.gap.end : held.stored.cursor();
}

kafka::CommitMetadata GroupProgress::metadata_of(const Held& held) const {
  kafka::CommitMetadata metadata{options_.node, held.epoch, held.stored.stored().completed};
  for (const auto& [offset, event] : held.tried) {
    if (metadata.tried.size() >= kMostTried) break;
    if (offset >= held.stored.cursor() && !held.stored.contains(offset))
      metadata.tried.push_back(event);
  }
  return metadata;
}

std::vector<GroupPosition> GroupProgress::take_positions(
    const std::function<bool(PartitionId)>& may) {
  std::vector<GroupPosition> positions;
  under_way_.clear();
  for (auto& [partition, held] : held_) {
    if (!held.dirty || !may(partition)) continue;
    GroupPosition position{partition, held.tenure, offset_of(held), metadata_of(held)};
    auto& ranges = position.metadata.completed;
    const std::size_t fitting = options_.fitting(position.metadata, position.offset);
    // The rest counts against the window, which closes.
    const bool whole = fitting == ranges.size();
    if (!whole && all_ranges_) continue;
    ranges.resize(fitting);
    under_way_[partition] = {held.tenure, position.offset, whole ? held.newest : held.covered};
    positions.push_back(std::move(position));
    held.dirty = false;
  }
  committing_ = !positions.empty();
  return positions;
}

void GroupProgress::committed(bool done) {
  committing_ = false;
  for (const auto& [partition, sent] : std::exchange(under_way_, {})) {
    Held* ours = held(partition, sent.tenure);
    if (ours == nullptr) continue;
    if (!done) {
      ours->dirty = true;
      continue;
    }
    ours->covered = std::max(ours->covered, sent.covers);
    ours->committed = sent.offset;
  }
}

}  // namespace pelton::stream
