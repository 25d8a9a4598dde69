// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/mutant.h"

#include "engine/model/batch_builder.h"
#include "tests/simulation/scenario.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {
namespace {

constexpr Duration kLongTime = std::chrono::hours(48);

dispatch::DispatcherOptions changed(dispatch::DispatcherOptions options, Mutation mutation) {
  if (mutation == Mutation::lanes_open) options.delivery.order = model::Order::none;
  if (mutation == Mutation::keys_ignored) options.idempotency.reset();
  if (mutation == Mutation::keys_forever && options.idempotency)
    options.idempotency->ttl = std::chrono::hours(24 * 3650);
  if (mutation == Mutation::keys_too_short && options.idempotency) options.idempotency->ttl /= 8;
  if (mutation == Mutation::filter_ignored) options.filter.clear();
  if (mutation == Mutation::window_ignored)
    options.delivery.max_unsettled = options.delivery.max_unsettled * 2 + 10;
  if (mutation == Mutation::bytes_ignored) options.delivery.max_unsettled_bytes = 1U << 30;
  if (mutation == Mutation::breaker_ignored) options.delivery.breaker.failures = 0;
  if (mutation == Mutation::rate_ignored) options.delivery.rate_limit.reset();
  if (mutation == Mutation::memory_ignored) options.memory = nullptr;
  if (mutation == Mutation::max_age_ignored) options.delivery.retry.max_age.reset();
  if (mutation == Mutation::frames_too_large)
    options.delivery.batch.events = options.delivery.batch.events * 2 + 1;
  return options;
}

void add_range(model::Progress& cursor, Offset begin, Offset end) {
  cursor.completed.push_back({begin, end});
  std::ranges::sort(cursor.completed, {}, &OffsetRange::begin);
}

}  // namespace

std::string name_of(Mutation mutation) {
  static constexpr const char* kNames[] = {"none",
                                           "skip_event",
                                           "forget_ranges",
                                           "settle_early",
                                           "failure_is_done",
                                           "part_is_whole",
                                           "lose_event",
                                           "forget_park",
                                           "lanes_open",
                                           "retries_not_stored",
                                           "retries_not_restored",
                                           "attempts_not_counted",
                                           "recycling_counts",
                                           "wrong_blame",
                                           "no_blame",
                                           "not_narrowed",
                                           "first_is_blamed",
                                           "timeouts_kill",
                                           "drop_letter",
                                           "wrong_letter",
                                           "replay_keeps_letter",
                                           "double_output",
                                           "drop_output",
                                           "stray_output",
                                           "unnamed_output",
                                           "split_commit",
                                           "accept_late",
                                           "commit_early",
                                           "forget_keys",
                                           "keys_ignored",
                                           "filter_ignored",
                                           "window_ignored",
                                           "bytes_ignored",
                                           "memory_ignored",
                                           "loses_what_it_reads",
                                           "frames_too_large",
                                           "seek_at_once",
                                           "tail_forgotten",
                                           "tail_too_long",
                                           "breaker_ignored",
                                           "rate_ignored",
                                           "pieces_replace",
                                           "max_age_ignored",
                                           "clock_is_waited_for",
                                           "keys_forever",
                                           "keys_too_short"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Mutation::last));
  return kNames[static_cast<std::size_t>(mutation)];
}

Mutant::Mutant(dispatch::DispatcherOptions options, Mutation mutation)
    : mutation_(mutation), inner_(changed(std::move(options), mutation)) {}

void Mutant::assign(PartitionId partition, model::Restored restored) {
  if (is(Mutation::retries_not_restored)) restored.retries.clear();
  inner_.assign(partition, restored);
}

void Mutant::restore(const model::CompletedKeys& keys, WallTime now) {
  if (!is(Mutation::forget_keys)) inner_.restore(keys, now);
}

void Mutant::offer(PartitionId partition, Offset base, const model::BatchPtr& batch, WallTime now,
                   dispatch::Commits& out) {
  const std::size_t from = out.size();
  if (is(Mutation::lose_event) && batch->size() > 1 && batch->consecutive()) {
    model::BatchBuilder builder;
    builder.add_range(*batch, 0, batch->size() - 1);
    inner_.offer(partition, base, builder.finish(), now, out);
  } else {
    inner_.offer(partition, base, batch, now, out);
  }
  change(out, from);
}

void Mutant::again(const dispatch::Reread& which, Offset base, const model::BatchPtr& batch,
                   WallTime now, dispatch::Commits& out) {
  const std::size_t from = out.size();
  inner_.again(which, base, is(Mutation::loses_what_it_reads) ? nullptr : batch, now, out);
  change(out, from);
}

std::optional<model::Frame> Mutant::pull(WorkerId worker, const model::FrameLimits& limits,
                                         WallTime now, dispatch::Commits& out) {
  const std::size_t from = out.size();
  model::FrameLimits wider = limits;
  if (is(Mutation::frames_too_large)) wider.events = wider.events * 2 + 1;
  auto frame = inner_.pull(worker, wider, is(Mutation::forget_park) ? now + kLongTime : now, out);
  change(out, from);
  if (!frame) return frame;
  frames_[frame->id] = {frame->partition, frame->base, frame->base + frame->batch->span(),
                        static_cast<std::uint32_t>(frame->batch->size())};
  // Otherwise its own frames would give it away at once.
  if (is(Mutation::lanes_open)) frame->order = model::Order::key;
  return frame;
}

void Mutant::change_result(FrameId id, model::FrameResult& result) {
  if (is(Mutation::failure_is_done)) result.not_done.clear();
  if (is(Mutation::unnamed_output)) result.output_streams.clear();
  if (is(Mutation::attempts_not_counted))
    for (auto& failure : result.not_done) failure.counts = false;
  if (is(Mutation::part_is_whole) && frames_.contains(id))
    result.count = frames_.at(id).events - result.first;
}

bool Mutant::covered_all(FrameId id, std::uint32_t end) const {
  const auto found = frames_.find(id);
  return found != frames_.end() && end == found->second.events;
}

Status Mutant::finished(WorkerId worker, FrameId id, model::FrameResult&& result, WallTime now,
                        dispatch::Commits& out) {
  const std::size_t from = out.size();
  const std::uint64_t late = inner_.totals().late_results;
  const model::BatchPtr outputs = result.outputs;
  change_result(id, result);
  const std::uint32_t end = result.first + result.count;
  auto status = inner_.finished(worker, id, std::move(result), now, out);
  if (is(Mutation::accept_late) && inner_.totals().late_results > late && outputs &&
      !inner_.options().outputs.empty()) {
    model::Transaction transaction;
    transaction.appends.push_back(
        {{inner_.options().outputs.front().stream, PartitionId{0}}, outputs});
    extra_.insert(next_extra_);
    out.push_back({next_extra_++, std::move(transaction)});
  }
  if (covered_all(id, end)) frames_.erase(id);
  change(out, from);
  return status;
}

void Mutant::give_back(WorkerId worker, FrameId frame, std::uint32_t first, WallTime now,
                       dispatch::Commits& out) {
  const std::size_t from = out.size();
  if (is(Mutation::tail_too_long) && first > 0) --first;
  if (!is(Mutation::tail_forgotten)) inner_.give_back(worker, frame, first, now, out);
  if (first == 0)
    frames_.erase(frame);
  else if (const auto given = frames_.find(frame); given != frames_.end())
    given->second.events = first;
  change(out, from);
}

void Mutant::worker_lost(WorkerId worker, model::WorkerLoss loss, WallTime now,
                         dispatch::Commits& out) {
  const std::size_t from = out.size();
  if (is(Mutation::recycling_counts) && loss.cause == "engine") loss.cause = "crash";
  if (is(Mutation::not_narrowed) && !loss.index) loss.cause = "engine";
  if (is(Mutation::first_is_blamed) && loss.frame && !loss.index) loss.index = 0;
  if (is(Mutation::timeouts_kill) && loss.cause == "timeout") loss.cause = "crash";
  if (is(Mutation::wrong_blame) && loss.index) ++*loss.index;
  if (is(Mutation::no_blame)) loss.index.reset();
  inner_.worker_lost(worker, loss, now, out);
  change(out, from);
}

std::optional<WallTime> Mutant::next_due() const {
  auto due = inner_.next_due();
  if (due && is(Mutation::forget_park)) *due -= kLongTime;
  return due;
}

void Mutant::on_timer(WallTime now, dispatch::Commits& out) {
  const std::size_t from = out.size();
  inner_.on_timer(is(Mutation::forget_park) ? now + kLongTime : now, out);
  change(out, from);
}

void Mutant::committed(dispatch::CommitToken token) {
  if (extra_.erase(token) == 0 && !is(Mutation::commit_early)) inner_.committed(token);
}

void Mutant::change(dispatch::Commits& out, std::size_t from) {
  for (std::size_t i = from; i < out.size(); ++i) {
    if (extra_.contains(out[i].token)) continue;
    if (is(Mutation::commit_early)) inner_.committed(out[i].token);
    model::Transaction& transaction = out[i].transaction;
    change(transaction);
    if (!is(Mutation::split_commit) || transaction.appends.empty()) continue;
    dispatch::Commit outputs;
    outputs.token = next_extra_++;
    extra_.insert(outputs.token);
    outputs.transaction.appends = std::exchange(transaction.appends, {});
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(i++), std::move(outputs));
  }
}

void Mutant::change(model::Transaction& transaction) {
  for (auto& update : transaction.progress) {
    model::Progress& cursor = update.progress;
    if (is(Mutation::forget_ranges)) cursor.completed.clear();
    if (is(Mutation::pieces_replace)) update.adds = false;
    if (is(Mutation::settle_early)) settle_frames(update);
    if (is(Mutation::skip_event)) {
      Offset& end = cursor.completed.empty() ? cursor.settled : cursor.completed.back().end;
      if (inner_.wants(update.at.partition).from > end) ++end;
    }
  }
  if (is(Mutation::retries_not_stored)) transaction.retries.clear();
  change_letters(transaction);
  change_outputs(transaction);
}

void Mutant::settle_frames(model::Transaction::ProgressUpdate& update) const {
  for (const auto& [id, frame] : frames_)
    if (frame.partition == update.at.partition && frame.base >= update.progress.settled)
      add_range(update.progress, frame.base, frame.end);
}

void Mutant::change_letters(model::Transaction& transaction) {
  if (is(Mutation::drop_letter)) transaction.dead_letters.clear();
  if (is(Mutation::replay_keeps_letter)) transaction.dead_letters_removed.clear();
  if (!is(Mutation::wrong_letter)) return;
  for (auto& letter : transaction.dead_letters) letter.event = one_event(R"({"number": 0})");
}

void Mutant::change_outputs(model::Transaction& transaction) {
  if (transaction.appends.empty()) return;
  if (is(Mutation::double_output)) transaction.appends.push_back(transaction.appends.front());
  if (is(Mutation::drop_output)) transaction.appends.pop_back();
  const model::OutputStream& first = inner_.options().outputs.front();
  if (is(Mutation::stray_output))
    for (auto& append : transaction.appends)
      if (append.to.stream == first.stream)
        append.to.partition.value = (append.to.partition.value + 1) % first.partitions;
}

}  // namespace pelton::simulation
