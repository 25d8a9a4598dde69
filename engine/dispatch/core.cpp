// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/core.h"

#include "engine/base/ensure.h"
#include "engine/base/hash.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {
namespace {

// With more ranges than this beyond a cursor the window closes: what is stored
// of a partition stays small.
constexpr std::size_t kMaxRanges = 20'000;
constexpr LaneKey kWholePartition = 1;

}  // namespace

Dispatcher::Core::Core(DispatcherOptions settings)
    : options(std::move(settings)),
      filter_(options.filter),
      index_(options.idempotency ? std::make_unique<IdempotencyIndex>(*options.idempotency)
                                 : nullptr),
      policy_(options.delivery.retry, options.seed),
      next_frame_(model::first_frame_of(options.id).value),
      replays_(options.memory),
      pending_(options.max_pending_bytes, options.memory) {}

Partition* Dispatcher::Core::find(PartitionId partition) {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

const Partition* Dispatcher::Core::find(PartitionId partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

void Dispatcher::Core::assign(PartitionId partition, const model::Restored& restored) {
  ENSURE(find(partition) == nullptr, "partition {} is assigned already", partition.value);
  auto assigned =
      std::make_unique<Partition>(partition, options.delivery, restored, options.memory);
  assigned->epoch = ++epochs_;
  assigned->key_prefix = fmt::format("{}/{}/{:016x}/{}/", options.binding, options.stream,
                                     restored.stream.value, partition.value);
  partitions_.emplace(partition, std::move(assigned));
}

void Dispatcher::Core::revoke(PartitionId partition) {
  Partition* gone = find(partition);
  if (gone == nullptr) return;
  in_flight -= gone->in_flight;
  std::erase_if(frames_, [&](const auto& frame) {
    return frame.second.partition == partition && !frame.second.replay;
  });
  partitions_.erase(partition);
  // Frames of replays go on; their lanes are forgotten with the partition.
  replays_.forget_lanes(partition);
  if (index_) wake(index_->forget(partition.value));
}

void Dispatcher::Core::drain(PartitionId partition) {
  if (Partition* known = find(partition)) known->draining = true;
}

void Dispatcher::Core::restore(const model::CompletedKeys& keys) {
  if (!index_) return;
  for (const Hash128& fingerprint : keys.fingerprints) index_->complete(fingerprint, keys.time);
}

KeyUsage Dispatcher::Core::completed_keys() const {
  return index_ ? index_->usage() : KeyUsage{};
}

Dispatcher::Want Dispatcher::Core::wants(PartitionId partition) const {
  const Partition* known = find(partition);
  if (known == nullptr) return {};
  const std::uint64_t used = known->window.unsettled() + known->uncommitted;
  // What lies between the ranges is taken in any case: a restored cursor that
  // has as many would never move.
  const bool crowded = known->settled.beyond() > kMaxRanges && known->next >= known->settled.end();
  // One event always fits: histories that were restored may take more than
  // there is room for.
  const bool full =
      known->window.unsettled() > 0 &&
      (known->bytes() >= options.delivery.max_unsettled_bytes || !known->memory.may_grow());
  if (known->draining || used >= options.delivery.max_unsettled || full || crowded)
    return {known->next, 0};
  return {known->next, options.delivery.max_unsettled - used};
}

LaneKey Dispatcher::Core::lane_of(const model::Batch& batch, std::uint32_t index) const {
  if (options.delivery.order == model::Order::partition) return kWholePartition;
  if (options.delivery.order == model::Order::none || !batch.has_key(index)) return 0;
  // 0 and 1 have a meaning of their own.
  return hash64(batch.key(index)) | 2;
}

void Dispatcher::Core::offer(PartitionId id, Offset base, const model::BatchPtr& batch,
                             WallTime now, Commits& out) {
  Partition* partition = find(id);
  if (partition == nullptr) return;
  std::uint64_t room = wants(id).events;
  // Offsets that never come (a compacted topic) count as settled.
  if (base > partition->next) partition->settled.add(partition->next, base);
  partition->next = std::max(partition->next, base);
  selection_.clear();
  for (std::uint32_t i = 0; i < batch->size() && room > 0; ++i) {
    const Offset offset = base + batch->delta(i);
    if (offset < partition->next) continue;
    if (offset > partition->next) partition->settled.add(partition->next, offset);
    partition->next = offset + 1;
    if (partition->settled.contains(offset)) {
      selection_.skip();
      continue;
    }
    --room;
    if (filter_.empty() || filter_.passes(*batch, i))
      selection_.take(i, offset);
    else
      pass_over(*partition, offset);
  }
  totals.passed += selection_.entries().size();
  if (!selection_.empty()) admit(*partition, selection_.hold(batch), now);
  free_slots(*partition);
  // Events passed over move the cursor: one commit for all of them.
  if (partition->settled.moved()) change_.cursors.insert(id);
  emit(out);
}

void Dispatcher::Core::admit(Partition& partition, const model::BatchPtr& batch, WallTime now) {
  partition.window.hold(batch, now);
  for (const auto& [index, offset] : selection_.entries()) {
    if (index_)
      if (auto key = index_->key_of(*batch, index)) partition.keys.emplace(offset, std::move(*key));
    const Position position = partition.window.push(index, offset, lane_of(*batch, index));
    if (options.delivery.batch.wait > Duration{0})
      partition.new_bytes += payload(partition.window.at(position));
  }
}

void Dispatcher::Core::pass_over(Partition& partition, Offset offset) {
  selection_.skip();
  partition.settled.add(offset, offset + 1);
  forget_retry(partition, offset);
  // They take up room until they are durable, or a filter that passes nothing
  // would fill the store's queue.
  ++partition.fresh;
  ++partition.uncommitted;
  change_.cursors.insert(partition.id);
  ++totals.filtered;
}

void Dispatcher::Core::free_slots(Partition& partition) {
  partition.window.pop_settled();
  partition.claim_memory();
}

void Dispatcher::Core::emit(Commits& out) {
  PendingCommits::Entry pending;
  for (const PartitionId id : change_.cursors) {
    Partition* partition = find(id);
    if (partition == nullptr) continue;
    partition->settled.take(change_.transaction.progress.emplace_back(
        model::Transaction::ProgressUpdate{options.id, at(id), {}}));
    pending.parts.push_back(
        {id, partition->epoch, partition->settled.cursor(), std::exchange(partition->fresh, 0)});
  }
  change_.cursors.clear();
  if (change_.transaction.empty()) return;
  // A retry alone moves no cursor, but the partition waits for it as well.
  for (const auto& update : change_.transaction.retries)
    if (pending.parts.empty() || pending.parts.back().partition != update.at.partition)
      pending.parts.push_back({.partition = update.at.partition});
  pending.replays_ended = std::exchange(change_.replays_ended, {});
  pending.bytes = model::bytes_of(change_.transaction);
  out.push_back({pending_.add(std::move(pending)), std::exchange(change_.transaction, {})});
}

void Dispatcher::Core::committed(CommitToken token) {
  const PendingCommits::Entry durable = pending_.durable(token);
  for (const PendingCommits::Part& part : durable.parts) {
    Partition* partition = find(part.partition);
    if (partition == nullptr || partition->epoch != part.epoch) continue;
    partition->uncommitted -= part.settled;
    partition->durable = part.cursor;
  }
  for (const model::DeadLetterId& id : durable.replays_ended) replays_.durable(id);
}

bool Dispatcher::Core::idle(PartitionId partition) const {
  const Partition* known = find(partition);
  if (known != nullptr && known->in_flight > 0) return false;
  return !pending_.concern(partition);
}

bool Dispatcher::Core::window_open(const Partition& partition, WallTime now) const {
  if (options.delivery.batch.wait == Duration{0}) return true;
  return partition.window.tail() - partition.pick >= options.delivery.batch.events ||
         partition.new_bytes >= options.delivery.batch.bytes ||
         now >= partition.window.arrived(partition.pick) + options.delivery.batch.wait;
}

bool Dispatcher::Core::can_pull(const Partition& partition, WallTime now) const {
  if (partition.draining) return false;
  return partition.lanes.has_ready() || (partition.has_new() && window_open(partition, now));
}

bool Dispatcher::Core::has_work(WallTime now) const {
  if (!pending_.room()) return false;
  return replays_.has_ready() ||
         std::ranges::any_of(partitions_, [&](const auto& p) { return can_pull(*p.second, now); });
}

std::optional<WallTime> Dispatcher::Core::next_due() const {
  std::optional<WallTime> due = replays_.next_due();
  auto earlier = [&](WallTime time) { due = due ? std::min(*due, time) : time; };
  for (const auto& [id, partition] : partitions_) {
    if (!partition->due.empty()) earlier(partition->due.begin()->first);
    if (options.delivery.batch.wait == Duration{0} || partition->draining || !partition->has_new())
      continue;
    const WallTime arrived = partition->window.arrived(partition->pick);
    if (partition->announced != arrived) earlier(arrived + options.delivery.batch.wait);
  }
  return due;
}

void Dispatcher::Core::on_timer(WallTime now, Commits& out) {
  replays_.wake_due(now);
  for (const auto& [id, partition] : partitions_) {
    while (!partition->due.empty() && partition->due.begin()->first <= now) {
      unpark(*partition, partition->due.begin()->second);
    }
    if (options.delivery.batch.wait == Duration{0} || !partition->has_new()) continue;
    const WallTime arrived = partition->window.arrived(partition->pick);
    if (arrived + options.delivery.batch.wait <= now) partition->announced = arrived;
  }
  emit(out);
}

PartitionCounts Dispatcher::Core::counts(PartitionId id) const {
  PartitionCounts counts;
  const Partition* partition = find(id);
  if (partition == nullptr) return counts;
  counts.cursor = partition->durable;
  counts.next = partition->next;
  counts.unsettled = partition->window.unsettled();
  counts.in_flight = partition->in_flight;
  counts.bytes = partition->bytes();
  counts.retrying = partition->due.size();
  counts.waiting = partition->waiting;
  if (counts.unsettled > 0) {
    const Slot& oldest = partition->window.at(partition->window.oldest());
    // 0: the record came without a time.
    if (const auto time = oldest.batch().time_us(oldest.index); time > 0)
      counts.oldest_unsettled = from_us(time);
  }
  return counts;
}

std::vector<ParkedEvent> Dispatcher::Core::parked(std::size_t most) const {
  std::vector<ParkedEvent> parked;
  for (const auto& [id, partition] : partitions_)
    for (const auto& [due, position] : partition->due) {
      if (parked.size() >= most) return parked;
      const Slot& slot = partition->window.at(position);
      parked.push_back({id, slot.offset, std::string(slot.batch().key(slot.index)),
                        partition->retries.find(slot.offset)});
    }
  return parked;
}

}  // namespace pelton::dispatch
