// SPDX-License-Identifier: Apache-2.0
// What follows from results, time-outs and lost workers.
#include <algorithm>
#include <utility>

#include "engine/dispatch/core.h"

namespace pelton::dispatch {
namespace {

// Larger results are not kept with an idempotency record.
constexpr std::size_t kMaxStoredResult = 64U << 10;

// An event without a key gets a lane of its own once it comes back, so that parking is one thing.
LaneKey own_lane(Position position) { return (position * 0x9e3779b97f4a7c15U) | 2; }

std::unexpected<Error> contradiction(std::string_view what) {
  return fail(ErrorKind::invalid, "E3004", "the worker's result contradicts its frame: {}", what);
}

}  // namespace

Status Dispatcher::Core::check(const Open& open, const FrameResult& result) const {
  if (result.first != open.covered) return contradiction("it does not follow the one before");
  if (result.count == 0 || result.count > open.events() - open.covered)
    return contradiction("it covers events that the frame does not have");
  const std::uint32_t end = result.first + result.count;
  std::uint32_t next = result.first;
  for (const Failure& failure : result.not_done) {
    if (failure.index < next || failure.index >= end) return contradiction("indices of failures");
    if (failure.code == OutcomeCode::done) return contradiction("a failure that is done");
    next = failure.index + 1;
  }
  if (!result.outputs) return {};
  if (result.output_parents.empty()) {
    if (result.outputs->size() != result.count || !result.not_done.empty())
      return contradiction("outputs without the events that made them");
    return {};
  }
  if (result.output_parents.size() != result.outputs->size())
    return contradiction("as many parents as outputs are needed");
  std::uint32_t last = result.first;
  auto failure = result.not_done.begin();
  for (const std::uint32_t parent : result.output_parents) {
    if (parent < last || parent >= end) return contradiction("indices of output parents");
    last = parent;
    while (failure != result.not_done.end() && failure->index < parent) ++failure;
    if (failure != result.not_done.end() && failure->index == parent)
      return contradiction("an output of an event that is not done");
  }
  return {};
}

Status Dispatcher::Core::finished(WorkerId worker, FrameId id, FrameResult&& result, WallTime now,
                                  Commits& out) {
  const auto found = frames_.find(id);
  if (found == frames_.end() || found->second.worker != worker) {
    ++totals.late_results;
    return {};
  }
  Open& open = found->second;
  if (auto ok = check(open, result); !ok) return ok;
  if (open.replay) {
    const store::DeadLetterId letter = *open.replay;
    frames_.erase(found);
    --in_flight;
    finish_replay(letter, std::move(result), now);
    emit(out);
    return {};
  }
  Partition& partition = *find(open.partition);
  const std::string name = fmt::format("{}-{}", options.function, worker.value);
  append_outputs(result.outputs);
  std::uint32_t done_from = result.first;
  const std::uint32_t end = result.first + result.count;
  for (const Failure& failed : result.not_done) {
    settle_run(partition, open.slots, done_from, failed.index, result, now);
    failure(partition, open.slots[failed.index], failed, name, now);
    done_from = failed.index + 1;
  }
  settle_run(partition, open.slots, done_from, end, result, now);
  open.covered = end;
  change_.cursors.insert(partition.id);
  if (open.covered == open.slots.size()) frames_.erase(found);
  free_slots(partition);
  emit(out);
  return {};
}

// Settles events [from, to) of a frame as done: offsets run by run, lanes event by event.
void Dispatcher::Core::settle_run(Partition& partition, const std::vector<Position>& slots,
                                  std::uint32_t from, std::uint32_t to, const FrameResult& result,
                                  WallTime now) {
  totals.done += to - from;
  for (std::uint32_t i = from; i < to;) {
    const Offset begin = partition.window.at(slots[i]).offset;
    Offset end = begin;
    for (; i < to && partition.window.at(slots[i]).offset == end; ++i, ++end) {
      Slot& slot = partition.window.at(slots[i]);
      if (index_) complete_key(partition, slot.offset, outputs_of(result, i), now);
      leave_flight(partition, slot);
      slot.state = SlotState::settled;
      if (!partition.retries.empty() && partition.retries.erase(slot.offset) > 0)
        change_.transaction.retries.push_back({options.id, at(partition.id), slot.offset, {}});
    }
    partition.settled.add(begin, end);
  }
  partition.fresh += to - from;
  partition.uncommitted += to - from;
}

// Settles one event: dead letter, or done without an invocation.
void Dispatcher::Core::settle(Partition& partition, Position position) {
  Slot& slot = partition.window.at(position);
  if (slot.state == SlotState::in_flight) leave_flight(partition, slot);
  slot.state = SlotState::settled;
  partition.settled.add(slot.offset, slot.offset + 1);
  partition.keys.erase(slot.offset);
  if (partition.retries.erase(slot.offset) > 0)
    change_.transaction.retries.push_back({options.id, at(partition.id), slot.offset, {}});
  ++partition.fresh;
  ++partition.uncommitted;
  change_.cursors.insert(partition.id);
}

// The event is not with a worker any more; its lane goes on unless it is parked after this.
void Dispatcher::Core::leave_flight(Partition& partition, Slot& slot) {
  --partition.in_flight;
  --in_flight;
  if (slot.lane == 0) return;
  if (Lane* lane = partition.lanes.find(slot.lane)) {
    --lane->in_flight;
    partition.lanes.settle(slot.lane);
  }
}

void Dispatcher::Core::complete_key(Partition& partition, Offset offset, model::BatchPtr result,
                                    WallTime now) {
  const auto key = partition.keys.find(offset);
  if (key == partition.keys.end()) return;
  const Hash128 fingerprint = key->second.fingerprint;
  partition.keys.erase(key);
  index_->complete(fingerprint, now);
  change_.transaction.idempotency.push_back(
      {options.id, {fingerprint, now, partition.id, offset, std::move(result)}});
  release_key(fingerprint);
}

void Dispatcher::Core::release_key(const Hash128& fingerprint) {
  for (const auto& waiter : index_->release(fingerprint))
    if (Partition* partition = find(PartitionId{waiter.partition}))
      unpark(*partition, waiter.position);
}

void Dispatcher::Core::failure(Partition& partition, Position position, const Failure& failed,
                               const std::string& worker, WallTime now) {
  Slot& slot = partition.window.at(position);
  if (failed.code == OutcomeCode::skipped) {
    ++totals.skipped;
    return give_back(partition, position);
  }
  if (failed.counts) ++totals.failed_attempts;
  const Verdict verdict =
      policy_.failed(partition.retries[slot.offset], failed, worker, now);
  park_or_bury(partition, position, verdict, now);
}

void Dispatcher::Core::park_or_bury(Partition& partition, Position position,
                                    const Verdict& verdict, WallTime now) {
  if (verdict.dead) return bury(partition, position, verdict.reason, now);
  const Offset offset = partition.window.at(position).offset;
  const store::RetryState& state = partition.retries.at(offset);
  change_.transaction.retries.push_back({options.id, at(partition.id), offset, state});
  park(partition, position, state.next);
}

void Dispatcher::Core::bury(Partition& partition, Position position, const std::string& reason,
                            WallTime now) {
  Slot& slot = partition.window.at(position);
  store::DeadLetter letter;
  letter.id = {options.id, partition.id, slot.offset};
  letter.binding = options.binding;
  letter.stream = options.stream;
  letter.function = options.function;
  letter.time = now;
  letter.reason = reason;
  letter.idempotency_key = idempotency_key(partition, slot.offset);
  if (const auto retry = partition.retries.find(slot.offset); retry != partition.retries.end())
    letter.history = retry->second;
  builder_.add(*slot.batch, slot.index);
  letter.event = builder_.finish();
  change_.transaction.dead_letters.push_back(std::move(letter));
  ++totals.dead_letters;
  const auto key = partition.keys.find(slot.offset);
  const std::optional<Hash128> fingerprint =
      key == partition.keys.end() ? std::nullopt : std::optional(key->second.fingerprint);
  settle(partition, position);
  if (fingerprint) release_key(*fingerprint);
}

// Between attempts, or waiting for an idempotency key (due at the end of time, then it is unparked by name).
void Dispatcher::Core::park(Partition& partition, Position position, WallTime due) {
  Slot& slot = partition.window.at(position);
  const bool laned = slot.lane != 0;
  if (!laned) slot.lane = own_lane(position);
  Lane& lane = partition.lanes.get(slot.lane);
  lane.parked = true;
  if (slot.state == SlotState::in_flight) {
    --partition.in_flight;
    --in_flight;
    if (laned) --lane.in_flight;
  }
  slot.state = SlotState::parked;
  if (due != WallTime::max()) partition.due.emplace(due, position);
}

void Dispatcher::Core::unpark(Partition& partition, Position position) {
  Slot& slot = partition.window.at(position);
  if (slot.state != SlotState::parked) return;
  Lane& lane = partition.lanes.get(slot.lane);
  lane.parked = false;
  slot.state = SlotState::waiting;
  ++partition.waiting;
  partition.lanes.insert(lane, position, partition.linker());
  partition.lanes.settle(slot.lane);
}

// Back to its lane, untried or unanswered: no attempt is used.
void Dispatcher::Core::give_back(Partition& partition, Position position) {
  Slot& slot = partition.window.at(position);
  --partition.in_flight;
  --in_flight;
  const bool laned = slot.lane != 0;
  if (!laned) slot.lane = own_lane(position);
  Lane& lane = partition.lanes.get(slot.lane);
  if (laned) --lane.in_flight;
  slot.state = SlotState::waiting;
  ++partition.waiting;
  partition.lanes.insert(lane, position, partition.linker());
  partition.lanes.settle(slot.lane);
}

void Dispatcher::Core::worker_lost(WorkerId worker, const WorkerLoss& loss, WallTime now,
                                   Commits& out) {
  std::vector<std::pair<FrameId, Open>> lost;
  for (auto& [id, open] : frames_)
    if (open.worker == worker) lost.emplace_back(id, std::move(open));
  std::ranges::sort(lost, {}, [](const auto& frame) { return frame.first; });
  for (auto& [id, open] : lost) {
    frames_.erase(id);
    const bool blamed = loss.frame == id && loss.cause != "engine";
    if (open.replay) {
      --in_flight;
      lose_replay(*open.replay, blamed ? &loss : nullptr, now);
      continue;
    }
    Partition& partition = *find(open.partition);
    for (std::uint32_t i = open.covered; i < open.slots.size(); ++i) {
      const Position position = open.slots[i];
      if (!blamed || i != loss.index) {
        give_back(partition, position);
        continue;
      }
      ++totals.failed_attempts;
      store::RetryState& state = partition.retries[partition.window.at(position).offset];
      park_or_bury(partition, position, policy_.killed(state, loss, now), now);
    }
    free_slots(partition);
  }
  emit(out);
}

void Dispatcher::Core::append_outputs(const model::BatchPtr& outputs) {
  if (!outputs) return;
  totals.outputs += outputs->size();
  if (!options.target) return;
  const auto parts = model::split_by_partition(outputs, options.target->partitions, keyless_++);
  for (std::uint32_t p = 0; p < parts.size(); ++p)
    if (parts[p])
      change_.transaction.appends.push_back({{options.target->stream, PartitionId{p}}, parts[p]});
}

// What one event made, for its idempotency record.
model::BatchPtr Dispatcher::Core::outputs_of(const FrameResult& result, std::uint32_t index) {
  if (!result.outputs) return nullptr;
  const model::Batch& outputs = *result.outputs;
  if (result.output_parents.empty()) {
    builder_.add(outputs, index - result.first);
  } else {
    const auto [from, to] = std::ranges::equal_range(result.output_parents, index);
    for (auto at = from; at != to; ++at)
      builder_.add(outputs, static_cast<std::size_t>(at - result.output_parents.begin()));
  }
  if (builder_.empty()) return nullptr;
  if (builder_.payload_bytes() <= kMaxStoredResult) return builder_.finish();
  builder_.clear();
  return nullptr;
}

}  // namespace pelton::dispatch
