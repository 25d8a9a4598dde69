// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_engine.h"

#include "engine/dispatch/retry_policy.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {

SimEngine::SimEngine(std::uint64_t life, const Scenario& scenario,
                     const std::set<std::uint64_t>& mended, Mutation mutation, Scheduler& scheduler,
                     StoreHost& store, History& history, Dice dice)
    : life_(life),
      scenario_(scenario),
      mended_(mended),
      scheduler_(scheduler),
      store_(store),
      history_(history),
      dice_(dice),
      mutation_(mutation),
      memory_(scenario.memory),
      dispatcher_(binding(), mutation),
      listener_{
          [this](WorkerId w, FrameId f, auto&& r) { result(w, f, std::move(r)); },
          [this](WorkerId w, FrameId f, auto&& r) { garbage(w, f, std::move(r)); },
          [this](WorkerId w, FrameId f, std::uint32_t i, Offset at) { gave_back(w, f, i, at); },
          [this](WorkerId w, auto&& loss) { lost(w, std::move(loss)); }} {}

dispatch::DispatcherOptions SimEngine::binding() {
  dispatch::DispatcherOptions binding = scenario_.binding;
  binding.memory = &memory_;
  return binding;
}

void SimEngine::start() {
  memory_.on_room([this] {
    scheduler_.after(Duration{0}, [this] {
      if (alive_) feed_all();
    });
  });
  restore();
  for (std::uint32_t i = 0; i < scenario_.workers; ++i) start_worker();
  feed_all();
}

void SimEngine::stop() {
  alive_ = false;
  for (auto& worker : workers_) worker->kill();
}

void SimEngine::restore() {
  const auto& idempotency = scenario_.binding.idempotency;
  if (idempotency)
    check(store_.store().completed_keys(
        scenario_.binding.id, model::remembered_since(scheduler_.wall(), idempotency->ttl),
        [&](const model::CompletedKeys& keys) { dispatcher_.restore(keys, scheduler_.wall()); }));
  for (std::uint32_t p = 0; p < scenario_.partitions; ++p) assign(PartitionId{p});
}

void SimEngine::assign(PartitionId partition) {
  model::Restored restored;
  const auto cursor = store_.store().cursor(scenario_.binding.id, input(partition.value));
  auto retries = store_.store().retries(scenario_.binding.id, input(partition.value));
  check(cursor);
  check(retries);
  if (cursor && *cursor) restored.progress = **cursor;
  if (retries) restored.retries = std::move(*retries);
  if (mutation_ != Mutation::clock_is_waited_for)
    for (auto& update : restored.retries)
      dispatch::resume(*update.state, scenario_.binding.delivery.retry, scheduler_.wall());
  dispatcher_.assign(partition, std::move(restored));
  assigned_.insert(partition);
}

void SimEngine::feed_all() {
  for (std::uint32_t p = 0; p < scenario_.partitions; ++p) feed(p);
  after_call();
}

void SimEngine::feed(std::uint32_t p) {
  const PartitionId partition{p};
  while (assigned_.contains(partition)) {
    const auto want = dispatcher_.wants(partition);
    if (want.events == 0) return;
    const auto next = store_.batch_at(input(p), want.from);
    if (!next) return;
    if (next->base > want.from)
      history_.violation("partition {} is to go on at {}, retention has dropped up to {}", p,
                         want.from, next->base);
    dispatcher_.offer(partition, next->base, meter_.weigh(*next), scheduler_.wall(), commits_);
    const auto now_wanted = dispatcher_.wants(partition);
    history_.offered(partition, now_wanted.from);
    if (now_wanted.from == want.from) return;
  }
}

void SimEngine::after_call() {
  submit_commits();
  read_again();
  history_.call_ended();
  check_memory();
  begin_seeks();
  arm();
  pump();
}

// Each window may exceed its limit by the batch that filled it; workers hold those of their frames.
void SimEngine::check_memory() {
  std::size_t frames = 0;
  for (const auto& worker : workers_) frames += worker->frames();
  const std::uint64_t most = scenario_.binding.delivery.max_unsettled_bytes + meter_.largest();
  if (meter_.bytes() > scenario_.partitions * most + frames * meter_.largest())
    history_.violation("{} bytes of batches are held by {} partitions and {} frames",
                       meter_.bytes(), scenario_.partitions, frames);
  if (meter_.bytes() > scenario_.memory + (scenario_.partitions + frames) * meter_.largest())
    history_.violation("{} bytes of batches are held, the engine's memory is {}", meter_.bytes(),
                       scenario_.memory);
}

void SimEngine::submit_commits() {
  for (dispatch::Commit& commit : std::exchange(commits_, {})) {
    history_.emitted(commit.token, commit.transaction);
    store_.submit(commit.token, std::move(commit.transaction), [this, token = commit.token] {
      if (!alive_) return;
      dispatcher_.committed(token);
      feed_all();
    });
  }
}

void SimEngine::read_again() {
  std::vector<dispatch::Reread> reads;
  dispatcher_.reread(reads);
  for (const dispatch::Reread& which : reads) read_again(which);
}

// Reads come late, out of order, after their partition has gone, and fail now and then.
void SimEngine::read_again(const dispatch::Reread& which) {
  const Duration late{dice_.chance(0.1) ? dice_.between(0, 50'000) : dice_.between(0, 500)};
  scheduler_.after(late, [this, which] {
    if (!alive_) return;
    if (dice_.chance(0.05)) return read_again(which);
    const auto read = store_.batch_at(input(which.partition.value), which.offset);
    if (!read) return read_again(which);
    dispatcher_.again(which, read->base, read->batch, scheduler_.wall(), commits_);
    ++history_.seen.reread;
    feed_all();
  });
}

void SimEngine::arm() {
  const auto due = dispatcher_.next_due();
  if (!due || due == armed_) return;
  armed_ = due;
  // Timers are never early and often late.
  const Duration delay =
      std::max(Duration{0}, *due - scheduler_.wall()) + Duration{dice_.between(0, 500)};
  scheduler_.after(delay, [this, due] {
    if (!alive_ || armed_ != due) return;
    armed_.reset();
    dispatcher_.on_timer(scheduler_.wall(), commits_);
    after_call();
  });
}

void SimEngine::pump() {
  if (std::exchange(pumping_, true)) return;
  for (bool more = true; more && alive_;) {
    more = false;
    for (std::size_t i = 0; i < workers_.size() && alive_; ++i)
      if (workers_[i]->has_credit()) more = pull(*workers_[i]) || more;
  }
  pumping_ = false;
  arm();
}

bool SimEngine::pull(SimWorker& worker) {
  const WallTime now = scheduler_.wall();
  const bool work = dispatcher_.has_work(now);
  auto frame = dispatcher_.pull(worker.id(), scenario_.limits, now, commits_);
  submit_commits();
  read_again();
  if (frame && !work) history_.violation("a frame came, though there was no work");
  if (!frame && dispatcher_.has_work(now))
    history_.violation("no frame came, though there is work");
  if (!frame) return false;
  history_.frame(worker.id(), *frame, life_);
  if (!history_.violations().empty()) return false;
  worker.give(std::move(*frame));
  return true;
}

void SimEngine::start_worker() {
  const WorkerId id{next_worker_++};
  workers_.push_back(std::make_unique<SimWorker>(id, life_, scenario_, mended_, scheduler_,
                                                 Dice(dice_.seed()), listener_));
}

void SimEngine::result(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  if (!alive_) return;
  const bool open = history_.open(worker, frame);
  if (!open) history_.late(worker, frame);
  // A second copy of a part contradicts the frame while that is still open.
  if (open && !history_.follows(frame, result)) return garbage(worker, frame, std::move(result));
  if (open) history_.result(frame, result);
  const std::size_t before = commits_.size();
  auto taken = dispatcher_.finished(worker, frame, std::move(result), scheduler_.wall(), commits_);
  if (!taken) history_.violation("a good result was refused: {}", taken.error().message);
  if (!open && commits_.size() > before) history_.violation("a late result changed something");
  after_call();
}

void SimEngine::garbage(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  if (!alive_ || !history_.open(worker, frame)) return;
  auto taken = dispatcher_.finished(worker, frame, std::move(result), scheduler_.wall(), commits_);
  if (taken || !commits_.empty()) return history_.violation("a result that contradicts was taken");
  model::WorkerLoss loss;
  loss.cause = "crash";
  for (auto& known : workers_) {
    if (known->id() != worker) continue;
    loss.frame = known->head();
    known->kill();
  }
  lost(worker, std::move(loss));
}

void SimEngine::gave_back(WorkerId worker, FrameId frame, std::uint32_t first, Offset from) {
  if (!alive_) return;
  history_.gave_back(worker, frame, first, from);
  dispatcher_.give_back(worker, frame, first, scheduler_.wall(), commits_);
  after_call();
}

void SimEngine::lost(WorkerId worker, model::WorkerLoss&& loss) {
  if (!alive_) return;
  history_.lost(worker, loss);
  dispatcher_.worker_lost(worker, std::move(loss), scheduler_.wall(), commits_);
  after_call();
  scheduler_.after(Duration{dice_.between(100, 5'000)}, [this] {
    if (!alive_) return;
    start_worker();
    pump();
  });
}

void SimEngine::replay(const model::DeadLetter& letter) {
  if (!alive_) return;
  if (dispatcher_.replay(letter, scheduler_.wall())) history_.replaying(letter.id);
  after_call();
}

void SimEngine::seek(PartitionId partition, Offset offset) {
  if (!alive_ || !assigned_.contains(partition) || seeks_.contains(partition)) return;
  const model::StreamPartition at = input(partition.value);
  // From the first event that is still there, and from now on nothing behind it is dropped.
  auto held = store_.store().hold(at, offset);
  const auto bounds = store_.store().bounds(at);
  check(bounds);
  seeks_[partition] = {std::max(offset, bounds->earliest), std::move(held)};
  dispatcher_.drain(partition);
  after_call();
}

// Those of which no worker has anything any more.
void SimEngine::begin_seeks() {
  for (auto seek = seeks_.begin(); seek != seeks_.end();) {
    if (!dispatcher_.drained(seek->first)) {
      ++seek;
      continue;
    }
    const auto begun = seeks_.extract(seek++);
    move(begun.key(), std::move(begun.mapped()));
  }
}

void SimEngine::move(PartitionId partition, Seek&& seek) {
  assigned_.erase(partition);
  history_.revoked(partition);
  dispatcher_.revoke(partition);
  // Once all that was submitted before is durable, so that nothing is written after the new cursor.
  store_.submit(0, {}, [this, partition, seek = std::move(seek)] {
    if (!alive_) return;
    model::Transaction transaction;
    transaction.progress.push_back(
        {scenario_.binding.id, input(partition.value), {seek.offset, {}}});
    auto retries = store_.store().retries(scenario_.binding.id, input(partition.value));
    check(retries);
    for (const auto& retry : *retries)
      transaction.retries.push_back({retry.binding, retry.at, retry.offset, std::nullopt});
    store_.submit(kSeekTag, std::move(transaction), [this, partition, held = seek.held] {
      if (!alive_) return;
      assign(partition);
      feed_all();
    });
  });
}

bool SimEngine::quiet() const {
  return dispatcher_.inner().idle() && seeks_.empty() && assigned_.size() == scenario_.partitions &&
         !dispatcher_.has_work(scheduler_.wall());
}

std::string SimEngine::describe() const {
  const dispatch::Dispatcher& inner = dispatcher_.inner();
  std::string text =
      fmt::format("idle {}, work {}, {} in flight, armed {}", inner.idle(),
                  dispatcher_.has_work(scheduler_.wall()), inner.in_flight(), armed_.has_value());
  for (std::uint32_t p = 0; p < scenario_.partitions; ++p) {
    const auto counts = inner.counts(PartitionId{p});
    text += fmt::format(
        "; partition {}{}: cursor {}, next {}, room {}, {} unsettled, {} in flight, {} retrying, "
        "{} waiting",
        p, assigned_.contains(PartitionId{p}) ? "" : " (let go)", counts.cursor, counts.next,
        inner.wants(PartitionId{p}).events, counts.unsettled, counts.in_flight, counts.retrying,
        counts.waiting);
  }
  return text;
}

}  // namespace pelton::simulation
