// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/core.h"

#include "engine/base/hash.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace pelton::dispatch {
namespace {

// With more ranges than this beyond a cursor the window closes: what is stored of a partition stays
// small.
constexpr std::size_t kMaxRanges = 20'000;
constexpr LaneKey kWholePartition = 1;

}  // namespace

Dispatcher::Core::Core(DispatcherOptions settings)
    : shared_(std::move(settings)),
      filter_(shared_.options.filter),
      outcomes_(shared_),
      rereads_(shared_, outcomes_),
      picker_(shared_, outcomes_, rereads_),
      replay_delivery_(shared_, outcomes_) {}

// ---- partitions

void Dispatcher::Core::assign(PartitionId partition, const model::Restored& restored) {
  const DispatcherOptions& options = shared_.options;
  auto prefix = fmt::format("{}/{}/{:016x}/{}/", options.binding, options.stream,
                            restored.stream.value, partition.value);
  shared_.partitions.add(std::make_unique<Partition>(partition, ++tenures_, std::move(prefix),
                                                     options.delivery, restored, options.memory,
                                                     options.release_from));
}

void Dispatcher::Core::revoke(PartitionId partition) {
  if (shared_.partitions.find(partition) == nullptr) return;
  shared_.frames.forget(partition);
  shared_.partitions.remove(partition);
  agenda_.forget(partition);
  rereads_.forget(partition);
  // Frames of replays go on; their lanes are forgotten with the partition.
  shared_.replays.forget_lanes(partition);
  if (shared_.index) outcomes_.unblock(shared_.index->forget(partition.value));
  look_at_touched(WallTime::min());
}

void Dispatcher::Core::drain(PartitionId partition, bool on) {
  if (Partition* known = shared_.partitions.touch(partition)) known->draining = on;
  look_at_touched(WallTime::min());
}

void Dispatcher::Core::restore(const model::CompletedKeys& keys, WallTime now) {
  if (shared_.index) shared_.index->complete(keys.fingerprints, std::min(keys.time, now));
}

// ---- intake

Dispatcher::Want Dispatcher::Core::wants(PartitionId partition) const {
  const Partition* known = shared_.partitions.find(partition);
  if (known == nullptr) return {};
  const config::Delivery& delivery = shared_.options.delivery;
  const std::uint64_t unsettled = known->queue.window().unsettled();
  const std::uint64_t used = unsettled + known->uncommitted;
  // What lies between the ranges is taken in any case: a restored cursor that has as many would
  // never move.
  const bool crowded = known->settled.beyond() > kMaxRanges && known->next >= known->settled.end();
  // One event always fits: histories that were restored may take more than there is room for.
  const bool full = unsettled > 0 && known->bytes() >= delivery.max_unsettled_bytes;
  if (known->draining || used >= delivery.max_unsettled || full || crowded) return {known->next, 0};
  if ((unsettled > 0 || agenda_.has_ready()) && !known->memory_allows())
    return {known->next, 0, unsettled == 0};
  return {known->next, delivery.max_unsettled - used};
}

LaneKey Dispatcher::Core::lane_of(const model::Batch& batch, std::uint32_t index) const {
  const model::Order order = shared_.options.delivery.order;
  if (order == model::Order::partition) return kWholePartition;
  if (order == model::Order::none || !batch.has_key(index)) return 0;
  // 0 and 1 have a meaning of their own.
  return hash64(batch.key(index)) | 2;
}

void Dispatcher::Core::offer(PartitionId id, Offset base, const model::BatchPtr& batch,
                             WallTime now, Commits& out) {
  Partition* partition = shared_.partitions.touch(id);
  if (partition == nullptr) return;
  select(*partition, base, *batch, wants(id).events);
  shared_.totals.passed += selection_.entries().size();
  if (!selection_.empty()) admit(*partition, selection_.hold(batch), now);
  partition->queue.forget_settled();
  end_call(now, out);
}

void Dispatcher::Core::select(Partition& partition, Offset base, const model::Batch& batch,
                              std::uint64_t room) {
  // Offsets that never come (a compacted topic) count as settled.
  partition.settled.add(partition.next, base);
  partition.next = std::max(partition.next, base);
  selection_.clear();
  for (std::uint32_t i = 0; i < batch.size() && room > 0; ++i) {
    const Offset offset = base + batch.delta(i);
    if (offset < partition.next) continue;
    if (offset > partition.next) partition.settled.add(partition.next, offset);
    partition.next = offset + 1;
    if (partition.settled.contains(offset)) {
      selection_.skip();
      continue;
    }
    --room;
    if (filter_.empty() || batch.fault(i) != nullptr || filter_.passes(batch, i))
      selection_.take(i, offset);
    else
      pass_over(partition, offset);
  }
}

void Dispatcher::Core::admit(Partition& partition, const model::BatchPtr& batch, WallTime now) {
  partition.queue.hold(batch, now);
  for (const auto& [index, offset] : selection_.entries()) {
    if (shared_.index)
      if (auto key = shared_.index->key_of(*batch, index)) {
        shared_.index->prefetch(key->fingerprint);
        partition.keys.emplace(offset, std::move(*key));
      }
    partition.queue.push(index, offset, lane_of(*batch, index));
  }
}

// It takes up room until it is durable, or a filter that passes nothing would fill the store's
// queue.
void Dispatcher::Core::pass_over(Partition& partition, Offset offset) {
  selection_.skip();
  partition.settled.add(offset, offset + 1);
  outcomes_.forget_retry(partition, offset);
  partition.count_settled(1);
  ++shared_.totals.filtered;
}

// ---- work

bool Dispatcher::Core::may_give(WallTime now) const {
  return shared_.commits.room() && shared_.breaker.allows(shared_.frames.in_flight()) &&
         shared_.rate.events(now) > 0;
}

bool Dispatcher::Core::has_work(WallTime now) const {
  if (!may_give(now)) return false;
  return shared_.replays.has_ready() || agenda_.has_ready(now);
}

// The worker's limits and the binding's.
model::FrameLimits Dispatcher::Core::within(const model::FrameLimits& limits, WallTime now) const {
  const auto& batch = shared_.options.delivery.batch;
  const std::uint32_t events =
      shared_.breaker.open() ? 1
                             : std::min({limits.events, batch.events, shared_.rate.events(now)});
  return {std::max(1U, events), std::max<std::uint64_t>(1, std::min(limits.bytes, batch.bytes))};
}

std::optional<model::Frame> Dispatcher::Core::pull(WorkerId worker,
                                                   const model::FrameLimits& limits, WallTime now,
                                                   Commits& out) {
  if (!may_give(now)) return std::nullopt;
  const model::FrameLimits both = within(limits, now);
  std::optional<model::Frame> frame;
  // What is settled or parked on the way may let others go.
  do {
    frame = replay_delivery_.pull(worker, now);
    const auto turn = frame ? std::nullopt : agenda_.pop_ready(now);
    if (turn) frame = picker_.pick(*shared_.partitions.touch(*turn), worker, both, now);
    look_at_touched(now);
  } while (!frame && has_work(now));
  if (frame) shared_.rate.take(static_cast<std::uint32_t>(frame->batch->size()), now);
  end_call(now, out);
  return frame;
}

Status Dispatcher::Core::finished(WorkerId worker, FrameId id, model::FrameResult&& result,
                                  WallTime now, Commits& out) {
  FrameBook& frames = shared_.frames;
  if (frames.find(worker, id) == nullptr) {
    ++shared_.totals.late_results;
    return {};
  }
  if (auto ok = frames.check(worker, id, result); !ok) return ok;
  const FrameBook::Open& open = frames.answer(worker, id, result);
  if (open.replay)
    replay_delivery_.finished(*open.replay, open.worker, result, now);
  else
    outcomes_.take(*shared_.partitions.touch(open.partition), open.slots, open.worker,
                   std::move(result), now);
  frames.close(id);
  end_call(now, out);
  return {};
}

void Dispatcher::Core::give_back(WorkerId worker, FrameId frame, std::uint32_t first, WallTime now,
                                 Commits& out) {
  const FrameBook::Open* const open = shared_.frames.unanswered(worker, frame, first);
  if (open == nullptr) return;
  if (open->replay)
    replay_delivery_.lost(*open->replay, false, {}, now);
  else
    Outcomes::give_back(*shared_.partitions.touch(open->partition), open->slots, first);
  shared_.rate.give_back(open->events() - first);
  shared_.frames.cut(frame, first);
  shared_.frames.close(frame);
  end_call(now, out);
}

void Dispatcher::Core::worker_lost(WorkerId worker, const model::WorkerLoss& loss, WallTime now,
                                   Commits& out) {
  const FrameBook::Loss lost = shared_.frames.lose(worker, loss);
  for (const FrameId id : lost.frames) {
    std::optional<std::uint32_t> blamed;
    if (lost.blamed && lost.blamed->first == id) blamed = lost.blamed->second;
    lose_frame(shared_.frames.at(id), blamed, lost.suspected == id, loss, now);
    shared_.frames.close(id);
  }
  end_call(now, out);
}

void Dispatcher::Core::lose_frame(const FrameBook::Open& open, std::optional<std::uint32_t> blamed,
                                  bool suspected, const model::WorkerLoss& loss, WallTime now) {
  if (open.replay) {
    if (open.held.empty()) replay_delivery_.lost(*open.replay, blamed.has_value(), loss, now);
    return;
  }
  Partition& partition = *shared_.partitions.touch(open.partition);
  if (suspected) Outcomes::suspect(partition, open.slots, open.answered);
  outcomes_.lose(partition, open.slots, open.answered, blamed, loss, now);
}

void Dispatcher::Core::again(const Reread& which, Offset base, const model::BatchPtr& batch,
                             WallTime now, Commits& out) {
  Partition* const partition = shared_.partitions.touch(which.partition);
  if (partition != nullptr) rereads_.answer(*partition, which, base, batch, now);
  end_call(now, out);
}

bool Dispatcher::Core::replay(const model::DeadLetter& letter) {
  return replay_delivery_.begin(letter, lane_of(*letter.event, 0));
}

// ---- time and durability

std::optional<WallTime> Dispatcher::Core::next_due() const {
  std::optional<WallTime> first;
  for (const auto& due :
       {agenda_.next(), shared_.replays.next_due(), shared_.breaker.due(), shared_.rate.due()})
    if (due && (!first || *due < *first)) first = due;
  return first;
}

void Dispatcher::Core::on_timer(WallTime now, Commits& out) {
  shared_.breaker.pass(now);
  shared_.rate.pass(now);
  shared_.replays.wake_due(now);
  for (const PartitionId partition : agenda_.pass(now))
    shared_.partitions.touch(partition)->queue.unpark_due(now);
  end_call(now, out);
}

void Dispatcher::Core::committed(CommitToken token) {
  const CommitList::Durable durable = shared_.commits.durable(token);
  for (const CommitList::PartitionCommit& part : durable.parts) {
    Partition* partition = shared_.partitions.find(part.partition);
    if (partition == nullptr || partition->tenure != part.tenure) continue;
    partition->uncommitted -= part.settled;
    partition->durable = part.cursor;
  }
  for (const model::DeadLetterId& id : durable.replays_ended) shared_.replays.durable(id);
}

// ---- the end of a call

void Dispatcher::Core::end_call(WallTime now, Commits& out) {
  look_at_touched(now);
  for (const PartitionId changed : changed_) add_to_commit(*shared_.partitions.find(changed));
  changed_.clear();
  shared_.commits.emit(out);
}

void Dispatcher::Core::add_to_commit(Partition& partition) {
  partition.changed = false;
  partition.retry_due = false;
  if (!std::exchange(partition.commit_due, false) && !partition.settled.moved())
    return shared_.commits.add(partition.id);
  model::Transaction::ProgressUpdate update{shared_.options.id, shared_.at(partition.id), {}};
  partition.settled.take(update);
  shared_.commits.add({partition.id, partition.tenure, partition.settled.cursor(),
                       std::exchange(partition.fresh, 0)},
                      std::move(update));
}

void Dispatcher::Core::look_at_touched(WallTime now) {
  shared_.partitions.for_each_touched([&](Partition& partition) { look_at(partition, now); });
}

void Dispatcher::Core::look_at(Partition& partition, WallTime now) {
  partition.claim_histories();
  agenda_.update(partition.id, picker_.plan(partition, now));
  for (const LaneKey lane : partition.queue.lanes().take_freed())
    shared_.replays.lane_free(partition.id, lane);
  if (!shared_.replays.waiting_for_lanes()) partition.queue.lanes().watch(false);
  const bool changed = partition.commit_due || partition.retry_due || partition.settled.moved();
  if (changed && !std::exchange(partition.changed, true)) changed_.push_back(partition.id);
}

// ---- looking in

bool Dispatcher::Core::idle(PartitionId partition) const {
  const Partition* known = shared_.partitions.find(partition);
  if (known != nullptr && known->queue.in_flight() > 0) return false;
  return !shared_.commits.concern(partition);
}

PartitionCounts Dispatcher::Core::counts(PartitionId id) const {
  PartitionCounts counts;
  const Partition* partition = shared_.partitions.find(id);
  if (partition == nullptr) return counts;
  const Window& window = partition->queue.window();
  counts.cursor = partition->durable;
  counts.next = partition->next;
  counts.unsettled = window.unsettled();
  counts.in_flight = partition->queue.in_flight();
  counts.bytes = partition->bytes();
  counts.retrying = partition->queue.parked().size();
  counts.waiting = partition->queue.waiting();
  if (counts.unsettled > 0) {
    // 0: the record came without a time.
    if (const auto time = window.time_us(window.oldest()); time > 0)
      counts.oldest_unsettled = from_us(time);
  }
  return counts;
}

std::vector<ParkedEvent> Dispatcher::Core::parked(std::size_t most) const {
  std::vector<ParkedEvent> parked;
  for (const Partition* partition : shared_.partitions.sorted())
    for (const auto& [due, position] : partition->queue.parked()) {
      if (parked.size() >= most) return parked;
      const Slot& slot = partition->queue.at(position);
      const auto key = slot.present() ? slot.batch().key(slot.index) : std::string_view{};
      parked.push_back(
          {partition->id, slot.offset, std::string(key), partition->retries.find(slot.offset)});
    }
  return parked;
}

}  // namespace pelton::dispatch
