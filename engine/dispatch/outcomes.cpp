// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/outcomes.h"

#include "engine/model/histories.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace pelton::dispatch {
namespace {

// The store has attempts of the event; `counted`: all but the last.
bool stored_before(const model::RetryState& state, bool counted) {
  return state.attempts > (counted ? 1U : 0U);
}

// The update with the state, of its history what is new.
model::Transaction::RetryUpdate update_of(model::Transaction::RetryUpdate update,
                                          const model::RetryState& state, bool counted) {
  update.state = model::RetryState{state.attempts, state.worker_kills, state.next, state.first, {}};
  if (counted) update.state->history.push_back(state.history.back());
  update.appends = stored_before(state, counted);
  return update;
}

}  // namespace

void Outcomes::take(Partition& partition, const std::vector<Position>& slots, WorkerId worker,
                    model::FrameResult&& result, WallTime now) {
  if (result.together && result.count > 1)
    return narrow_down(partition, slots, result.first, result.count);
  append_outputs(result);
  tell_breaker(partition, slots, result, now);
  std::uint32_t done_from = result.first;
  const std::uint32_t end = result.first + result.count;
  for (const model::Failure& failure : result.not_done) {
    done(partition, slots, done_from, failure.index, now);
    done_from = failure.index + 1;
  }
  done(partition, slots, done_from, end, now);
  // From the last to the first, so that putting events back into their lane is cheap.
  const std::string name = result.not_done.empty() ? std::string() : shared_.name_of(worker);
  for (const model::Failure& failure : std::views::reverse(result.not_done))
    failed(partition, slots[failure.index], failure, name, now);
  partition.queue.forget_settled();
}

// From the last to the first, so that putting events back into their lane is cheap.
void Outcomes::narrow_down(Partition& partition, const std::vector<Position>& slots,
                           std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = first + count; i-- > first;) {
    partition.suspects.add(partition.queue.at(slots[i]).offset, count);
    partition.queue.give_back(slots[i]);
  }
  partition.queue.forget_settled();
}

bool Outcomes::first_attempt(const Partition& partition, Offset offset) {
  const model::RetryState* const before = partition.retries.find(offset);
  return before == nullptr || before->attempts == 0;
}

// Before the offsets of the events are forgotten.
void Outcomes::tell_breaker(const Partition& partition, const std::vector<Position>& slots,
                            const model::FrameResult& result, WallTime now) {
  const auto failed = [](const model::Failure& failure) {
    return failure.code == model::OutcomeCode::retry && failure.counts;
  };
  const auto untried = static_cast<std::uint64_t>(
      std::ranges::count_if(result.not_done, [&](const model::Failure& failure) {
        return !failed(failure) && failure.code != model::OutcomeCode::fail;
      }));
  const auto failures = static_cast<std::uint64_t>(std::ranges::count_if(result.not_done, failed));
  const auto slot = [&](const model::Failure& failure) -> const Slot& {
    return partition.queue.at(slots[failure.index]);
  };
  const auto first = [&](const model::Failure& failure) {
    return first_attempt(partition, slot(failure).offset);
  };
  const std::uint64_t good = result.count - untried - failures;
  if (good == 0) {
    for (const model::Failure& failure : result.not_done | std::views::filter(failed))
      shared_.breaker.failed({partition.id, slot(failure).lane}, first(failure), failure, now);
    return;
  }
  std::uint64_t first_failures = 0;
  const model::Failure* why = nullptr;
  for (const model::Failure& failure : result.not_done | std::views::filter(failed)) {
    if (!first(failure)) continue;
    ++first_failures;
    why = &failure;
  }
  shared_.breaker.succeeded(good, first_failures, why, now);
}

// Events [from, to) of a frame: offsets run by run, lanes event by event.
void Outcomes::done(Partition& partition, const std::vector<Position>& slots, std::uint32_t from,
                    std::uint32_t to, WallTime now) {
  if (from == to) return;
  shared_.totals.count_done(to - from, now);
  count_ages(partition, slots, from, to, now);
  for (std::uint32_t i = from; i < to && shared_.breaker.knows_bad_keys(); ++i)
    shared_.breaker.done({partition.id, partition.queue.at(slots[i]).lane});
  for (std::uint32_t i = from; i < to;) {
    const Offset begin = partition.queue.at(slots[i]).offset;
    Offset end = begin;
    for (; i < to && partition.queue.at(slots[i]).offset == end; ++i, ++end) {
      if (const auto key = partition.take_key(end)) done_keys_.push_back(*key);
      partition.queue.settle(slots[i]);
      if (!partition.retries.empty()) forget_retry(partition, end);
      if (!partition.suspects.empty()) partition.suspects.clear(end);
    }
    partition.settled.add(begin, end);
  }
  partition.count_settled(to - from);
  complete_keys(done_keys_, now);
  done_keys_.clear();
}

void Outcomes::count_ages(const Partition& partition, const std::vector<Position>& slots,
                          std::uint32_t from, std::uint32_t to, WallTime now) {
  const Window& window = partition.queue.window();
  for (std::uint32_t i = from; i < to; ++i) shared_.ages.add(window.time_us(slots[i]), to_us(now));
}

void Outcomes::settle(Partition& partition, Position position, bool history) {
  const Offset offset = partition.queue.at(position).offset;
  partition.queue.settle(position);
  partition.settled.add(offset, offset + 1);
  partition.keys.erase(offset);
  partition.suspects.clear(offset);
  forget_retry(partition, offset, history);
  partition.count_settled(1);
}

void Outcomes::forget_retry(Partition& partition, Offset offset, bool history) {
  if (partition.retries.empty() || !partition.retries.erase(offset)) return;
  partition.retry_due = true;
  shared_.commits.transaction().retries.push_back(
      {shared_.options.id, shared_.at(partition.id), offset, {}, history});
}

void Outcomes::failed(Partition& partition, Position position, const model::Failure& failure,
                      const std::string& worker, WallTime now) {
  if (failure.code == model::OutcomeCode::skipped) {
    ++shared_.totals.skipped;
    return partition.queue.give_back(position);
  }
  const Offset offset = partition.queue.at(position).offset;
  if (!partition.suspects.empty()) partition.suspects.clear(offset);
  if (failure.counts) ++shared_.totals.failed_attempts;
  follow(partition, position,
         partition.retries.change(offset,
                                  [&](model::RetryState& state) {
                                    return shared_.policy.failed(state, failure, worker, now);
                                  }),
         now);
}

void Outcomes::follow(Partition& partition, Position position, const Verdict& verdict,
                      WallTime now) {
  if (verdict.dead) return bury(partition, position, verdict, now);
  const Offset offset = partition.queue.at(position).offset;
  const model::RetryState& state = *partition.retries.find(offset);
  partition.retry_due = true;
  shared_.commits.transaction().retries.push_back(update_of(
      {shared_.options.id, shared_.at(partition.id), offset, {}}, state, verdict.counted));
  partition.queue.park(position, state.next);
  partition.retries.forget_history_of(offset);
}

void Outcomes::bury(Partition& partition, Position position, const Verdict& verdict, WallTime now) {
  const Slot& slot = partition.queue.at(position);
  const Offset offset = slot.offset;
  model::DeadLetter letter;
  letter.id = {shared_.options.id, partition.id, offset, partition.stream};
  letter.binding = shared_.options.binding;
  letter.stream = shared_.options.stream;
  letter.function = shared_.options.function;
  letter.time = now;
  letter.reason = verdict.reason;
  letter.idempotency_key = partition.idempotency_key(offset);
  bool stored = false;
  if (const auto* retry = partition.retries.find(offset)) {
    letter.retry = *retry;
    // The earlier ones are added from the store.
    auto& history = letter.retry.history;
    if (!history.empty()) history.erase(history.begin(), history.end() - 1);
    stored = stored_before(*retry, verdict.counted);
    if (retry->attempts > 0) shared_.breaker.gave_up({partition.id, slot.lane}, retry->first);
  }
  shared_.builder.add(slot.batch(), slot.index);
  letter.event = shared_.builder.finish();
  shared_.commits.transaction().dead_letters.push_back(std::move(letter));
  shared_.totals.count_letter(verdict.reason);
  const auto key = partition.take_key(offset);
  settle(partition, position, stored);
  if (key) release_key(*key);
}

void Outcomes::bury_undecodable(Partition& partition, Position position, const Error& why,
                                WallTime now) {
  const auto tell = [&](model::RetryState& state) {
    model::add_attempt(state, undecodable(why, now));
    return Verdict{.dead = true, .reason = kUndecodable, .counted = false};
  };
  bury(partition, position, partition.retries.change(partition.queue.at(position).offset, tell),
       now);
}

void Outcomes::lose(Partition& partition, const std::vector<Position>& slots, std::uint32_t first,
                    std::optional<std::uint32_t> blamed, const model::WorkerLoss& loss,
                    WallTime now) {
  // From the last to the first, so that putting events back into their lane is cheap.
  for (auto i = static_cast<std::uint32_t>(slots.size()); i-- > first;) {
    if (i != blamed) {
      partition.queue.give_back(slots[i]);
      continue;
    }
    ++shared_.totals.failed_attempts;
    const Offset offset = partition.queue.at(slots[i]).offset;
    model::Failure why;
    why.type = loss.cause;
    why.message = loss.type;
    shared_.breaker.failed({partition.id, partition.queue.at(slots[i]).lane},
                           first_attempt(partition, offset), why, now);
    follow(partition, slots[i],
           partition.retries.change(
               offset,
               [&](model::RetryState& state) { return shared_.policy.killed(state, loss, now); }),
           now);
  }
  partition.queue.forget_settled();
}

void Outcomes::give_back(Partition& partition, const std::vector<Position>& slots,
                         std::uint32_t first) {
  for (auto i = slots.size(); i-- > first;) partition.queue.give_back(slots[i]);
  partition.queue.forget_settled();
}

void Outcomes::suspect(Partition& partition, const std::vector<Position>& slots,
                       std::uint32_t first) {
  const auto together = static_cast<std::uint32_t>(slots.size()) - first;
  for (auto i = first; i < slots.size(); ++i)
    partition.suspects.add(partition.queue.at(slots[i]).offset, together);
}

void Outcomes::append_outputs(const model::FrameResult& result) {
  if (!result.outputs) return;
  shared_.totals.outputs += result.outputs->size();
  const auto& streams = shared_.options.outputs;
  for (const model::StreamPart& made : model::split_by_stream(result, streams)) {
    const model::OutputStream& to = streams[made.stream];
    if (to.partitions == 0) continue;
    for (auto& part : model::split_by_partition(made.batch, to.partitions, keyless_++))
      shared_.commits.transaction().appends.push_back(
          {{to.stream, PartitionId{part.partition}}, std::move(part.batch)});
  }
}

void Outcomes::complete_keys(std::span<const Hash128> fingerprints, WallTime now) {
  if (fingerprints.empty()) return;
  shared_.index->complete(fingerprints, now);
  auto& completed = shared_.commits.transaction().idempotency;
  if (completed.empty()) completed.push_back({shared_.options.id, now, {}});
  auto& all = completed.back().fingerprints;
  all.insert(all.end(), fingerprints.begin(), fingerprints.end());
  for (const Hash128& fingerprint : fingerprints) release_key(fingerprint);
}

void Outcomes::release_key(const Hash128& fingerprint) {
  unblock(shared_.index->release(fingerprint));
}

void Outcomes::unblock(const std::vector<IdempotencyIndex::Waiter>& waiters) {
  for (const auto& waiter : waiters) {
    if (waiter.partition == IdempotencyIndex::kReplay)
      shared_.replays.key_free(waiter.position);
    else if (Partition* partition = shared_.partitions.touch(PartitionId{waiter.partition}))
      partition->queue.unpark(waiter.position);
  }
}

}  // namespace pelton::dispatch
