// SPDX-License-Identifier: Apache-2.0
// What follows from results, time-outs and lost workers.
#include "engine/base/ensure.h"
#include "engine/dispatch/core.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace pelton::dispatch {
namespace {

// The update with the state, of its history what is new.
model::Transaction::RetryUpdate update_of(model::Transaction::RetryUpdate update,
                                          const model::RetryState& state, bool counted) {
  update.state = model::RetryState{state.attempts, state.worker_kills, state.next, state.first, {}};
  if (counted) update.state->history.push_back(state.history.back());
  update.appends = state.history.size() > update.state->history.size();
  return update;
}

std::unexpected<Error> contradiction(std::string_view what) {
  return fail(ErrorKind::invalid, "E3004", "the worker's result contradicts its frame: {}", what);
}

}  // namespace

// The frame, when a result of this worker for it is expected.
const Dispatcher::Core::Open* Dispatcher::Core::open_with(WorkerId worker, FrameId id) const {
  const auto found = frames_.find(id);
  return found != frames_.end() && found->second.belongs_to(worker) ? &found->second : nullptr;
}

Status Dispatcher::Core::check(WorkerId worker, FrameId id,
                               const model::FrameResult& result) const {
  const Open* open = open_with(worker, id);
  if (open == nullptr)
    return fail(ErrorKind::cancelled, "E3005", "frame {} is not with worker {} any more", id.value,
                worker.value);
  if (auto ok = check_extent(*open, worker, result); !ok) return ok;
  return check_contents(result);
}

Status Dispatcher::Core::check_extent(const Open& open, WorkerId worker,
                                      const model::FrameResult& result) {
  if (worker == model::kHeld) {
    if (std::ranges::find(open.held, std::pair(result.first, result.count)) == open.held.end())
      return contradiction("it does not cover what is held");
    return {};
  }
  if (result.first != open.covered) return contradiction("it does not follow the one before");
  if (result.count == 0 || result.count > open.events() - open.covered)
    return contradiction("it covers events that the frame does not have");
  return {};
}

Status Dispatcher::Core::check_contents(const model::FrameResult& result) {
  const std::uint32_t end = result.first + result.count;
  std::uint32_t next = result.first;
  for (const model::Failure& failure : result.not_done) {
    if (failure.index < next || failure.index >= end) return contradiction("indices of failures");
    if (failure.code == model::OutcomeCode::done) return contradiction("a failure that is done");
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

Status Dispatcher::Core::finished(WorkerId worker, FrameId id, model::FrameResult&& result,
                                  WallTime now, Commits& out) {
  if (open_with(worker, id) == nullptr) {
    ++totals.late_results;
    return {};
  }
  if (auto ok = check(worker, id, result); !ok) return ok;
  Open& open = frames_.at(id);
  answered(open, worker, result);
  if (open.replay)
    finish_replay(*open.replay, open.worker, std::move(result), now);
  else
    take_outcomes(open, std::move(result), now);
  if (open.over()) frames_.erase(id);
  emit(out);
  return {};
}

// What the worker had answered for and was held is not held any more; what it answers now is next.
void Dispatcher::Core::answered(Open& open, WorkerId worker, const model::FrameResult& result) {
  if (worker == model::kHeld)
    std::erase(open.held, std::pair(result.first, result.count));
  else
    open.covered = result.first + result.count;
}

void Dispatcher::Core::take_outcomes(const Open& open, model::FrameResult&& result, WallTime now) {
  Partition& partition = *find(open.partition);
  append_outputs(result.outputs);
  std::uint32_t done_from = result.first;
  const std::uint32_t end = result.first + result.count;
  for (const model::Failure& failed : result.not_done) {
    settle_run(partition, open.slots, done_from, failed.index, now);
    done_from = failed.index + 1;
  }
  settle_run(partition, open.slots, done_from, end, now);
  // From the last to the first, so that putting events back into their lane is cheap.
  const std::string name = result.not_done.empty() ? std::string() : name_of(open.worker);
  for (const model::Failure& failed : std::views::reverse(result.not_done))
    failure(partition, open.slots[failed.index], failed, name, now);
  free_slots(partition);
}

std::optional<PartitionId> Dispatcher::Core::partition_of(FrameId id) const {
  const auto found = frames_.find(id);
  if (found == frames_.end() || found->second.replay) return std::nullopt;
  return found->second.partition;
}

void Dispatcher::Core::hold(WorkerId worker, FrameId id, std::uint32_t first, std::uint32_t count) {
  ENSURE(open_with(worker, id) != nullptr, "frame {} is not with worker {}", id.value,
         worker.value);
  Open& open = frames_.at(id);
  ENSURE(first == open.covered && count > 0 && count <= open.events() - first,
         "frame {} has no events [{}, {} + {}) to hold", id.value, first, first, count);
  open.held.emplace_back(first, count);
  open.covered = first + count;
}

std::string Dispatcher::Core::name_of(WorkerId worker) const {
  return fmt::format("{}-{}", options.function, worker.value);
}

// Settles events [from, to) of a frame as done: offsets run by run, lanes event by event.
void Dispatcher::Core::settle_run(Partition& partition, const std::vector<Position>& slots,
                                  std::uint32_t from, std::uint32_t to, WallTime now) {
  if (from == to) return;
  totals.done += to - from;
  for (std::uint32_t i = from; i < to;) {
    const Offset begin = partition.window.at(slots[i]).offset;
    Offset end = begin;
    for (; i < to; ++i, ++end) {
      Slot& slot = partition.window.at(slots[i]);
      if (slot.offset != end) break;
      if (const auto key = partition.take_key(end)) complete_key(*key, now);
      leave_flight(partition, slot);
      partition.window.settle(slots[i]);
      forget_retry(partition, end);
      if (!partition.suspects.empty()) partition.suspects.erase(end);
    }
    partition.settled.add(begin, end);
  }
  partition.fresh += to - from;
  partition.uncommitted += to - from;
  change_.cursors.insert(partition.id);
}

// Settles one event: dead letter, or done without an invocation.
void Dispatcher::Core::settle(Partition& partition, Position position) {
  Slot& slot = partition.window.at(position);
  if (slot.state == SlotState::in_flight) leave_flight(partition, slot);
  partition.window.settle(position);
  partition.settled.add(slot.offset, slot.offset + 1);
  partition.keys.erase(slot.offset);
  partition.suspects.erase(slot.offset);
  forget_retry(partition, slot.offset);
  ++partition.fresh;
  ++partition.uncommitted;
  change_.cursors.insert(partition.id);
}

void Dispatcher::Core::forget_retry(Partition& partition, Offset offset) {
  if (!partition.retries.empty() && partition.retries.erase(offset))
    change_.transaction.retries.push_back({options.id, at(partition.id), offset, {}});
}

void Dispatcher::Core::complete_key(const Hash128& fingerprint, WallTime now) {
  index_->complete(fingerprint, now);
  auto& completed = change_.transaction.idempotency;
  if (completed.empty()) completed.push_back({options.id, now, {}});
  completed.back().fingerprints.push_back(fingerprint);
  release_key(fingerprint);
}

void Dispatcher::Core::release_key(const Hash128& fingerprint) {
  wake(index_->release(fingerprint));
}

void Dispatcher::Core::wake(const std::vector<IdempotencyIndex::Waiter>& waiters) {
  for (const auto& waiter : waiters) {
    if (waiter.partition == IdempotencyIndex::kReplay)
      replays_.key_free(waiter.position);
    else if (Partition* partition = find(PartitionId{waiter.partition}))
      unpark(*partition, waiter.position);
  }
}

void Dispatcher::Core::failure(Partition& partition, Position position,
                               const model::Failure& failed, const std::string& worker,
                               WallTime now) {
  if (failed.code == model::OutcomeCode::skipped) {
    ++totals.skipped;
    return give_back(partition, position);
  }
  if (!partition.suspects.empty()) partition.suspects.erase(partition.window.at(position).offset);
  if (failed.counts) ++totals.failed_attempts;
  const Verdict verdict = partition.retries.change(
      partition.window.at(position).offset,
      [&](model::RetryState& state) { return policy_.failed(state, failed, worker, now); });
  park_or_bury(partition, position, verdict, now);
}

void Dispatcher::Core::park_or_bury(Partition& partition, Position position, const Verdict& verdict,
                                    WallTime now) {
  if (verdict.dead) return bury(partition, position, verdict.reason, now);
  const Offset offset = partition.window.at(position).offset;
  const model::RetryState& state = *partition.retries.find(offset);
  change_.transaction.retries.push_back(
      update_of({options.id, at(partition.id), offset, {}}, state, verdict.counted));
  park(partition, position, state.next);
}

void Dispatcher::Core::bury(Partition& partition, Position position, const std::string& reason,
                            WallTime now) {
  const Slot& slot = partition.window.at(position);
  model::DeadLetter letter;
  letter.id = {options.id, partition.id, slot.offset, partition.stream};
  letter.binding = options.binding;
  letter.stream = options.stream;
  letter.function = options.function;
  letter.time = now;
  letter.reason = reason;
  letter.idempotency_key = idempotency_key(partition, slot.offset);
  if (const auto* retry = partition.retries.find(slot.offset)) letter.retry = *retry;
  builder_.add(slot.batch(), slot.index);
  letter.event = builder_.finish();
  change_.transaction.dead_letters.push_back(std::move(letter));
  totals.count_letter(reason);
  const std::optional<Hash128> fingerprint = partition.take_key(slot.offset);
  settle(partition, position);
  if (fingerprint) release_key(*fingerprint);
}

void Dispatcher::Core::worker_lost(WorkerId worker, const model::WorkerLoss& loss, WallTime now,
                                   Commits& out) {
  std::vector<FrameId> lost;
  for (const auto& [id, open] : frames_)
    if (open.worker == worker && !open.lost) lost.push_back(id);
  std::ranges::sort(lost);
  const model::WorkerLoss narrowed = narrow(lost, loss);
  for (const FrameId id : lost) {
    Open& open = frames_.at(id);
    open.lost = true;
    const model::WorkerLoss* blame = narrowed.frame == id && narrowed.index ? &narrowed : nullptr;
    if (!open.replay)
      lose_frame(*find(open.partition), open, blame, now);
    else if (open.held.empty())
      lose_replay(*open.replay, blame, now);
    if (open.over()) frames_.erase(id);
  }
  emit(out);
}

// The loss with its index only if the blame is one event's. Of a frame that had begun at an unknown
// event, the last one unanswered is to blame, of several each is a suspect.
model::WorkerLoss Dispatcher::Core::narrow(const std::vector<FrameId>& lost,
                                           const model::WorkerLoss& loss) {
  model::WorkerLoss narrowed = loss;
  if (loss.cause == "engine") narrowed.frame.reset();
  if (narrowed.index || !narrowed.frame || !std::ranges::binary_search(lost, *narrowed.frame))
    return narrowed;
  const Open& open = frames_.at(*narrowed.frame);
  const std::uint32_t unanswered = open.events() - open.covered;
  if (unanswered == 1) {
    narrowed.index = open.covered;
  } else {
    narrowed.frame.reset();
    if (unanswered > 1) suspect(*find(open.partition), open);
  }
  return narrowed;
}

// What of the frame was not answered for comes again in halves.
void Dispatcher::Core::suspect(Partition& partition, const Open& open) {
  const std::uint32_t half = (open.events() - open.covered + 1) / 2;
  for (std::uint32_t i = open.covered; i < open.slots.size(); ++i)
    partition.suspects[partition.window.at(open.slots[i]).offset] = half;
}

void Dispatcher::Core::lose_frame(Partition& partition, const Open& open,
                                  const model::WorkerLoss* blame, WallTime now) {
  // From the last to the first, so that putting events back into their lane is cheap.
  for (auto i = static_cast<std::uint32_t>(open.slots.size()); i-- > open.covered;) {
    const Position position = open.slots[i];
    const bool blamed = blame != nullptr && i == *blame->index;
    if (!blamed) {
      give_back(partition, position);
      continue;
    }
    ++totals.failed_attempts;
    const Verdict verdict = partition.retries.change(
        partition.window.at(position).offset,
        [&](model::RetryState& state) { return policy_.killed(state, *blame, now); });
    park_or_bury(partition, position, verdict, now);
  }
  free_slots(partition);
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

}  // namespace pelton::dispatch
