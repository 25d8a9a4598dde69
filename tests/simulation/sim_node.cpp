// SPDX-License-Identifier: Apache-2.0
// The node around its dispatcher: records, workers, the store.
#include "tests/simulation/sim_node.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {
namespace {

dispatch::DispatcherOptions changed(dispatch::DispatcherOptions options, GroupMutation mutation) {
  if (mutation == GroupMutation::window_ignored)
    options.delivery.max_unsettled = options.delivery.max_unsettled * 2 + 10;
  return options;
}

// The batch as if its offsets were consecutive.
model::BatchPtr packed(const model::Batch& batch) {
  model::BatchBuilder builder;
  for (std::size_t i = 0; i < batch.size(); ++i) builder.add(batch, i);
  return builder.finish();
}

}  // namespace

SimNode::SimNode(Life life, const GroupScenario& scenario, GroupMutation mutation,
                 Scheduler& scheduler, NodeDisk& disk, SimBroker& broker, GroupHistory& history,
                 Dice dice, std::function<void()> kill)
    : life_(life),
      scenario_(scenario),
      mutation_(mutation),
      scheduler_(scheduler),
      disk_(disk),
      broker_(broker),
      history_(history),
      dice_(dice),
      kill_(std::move(kill)),
      dispatcher_(changed(scenario.base.binding, mutation)),
      progress_(
          {disk.node, static_cast<std::uint32_t>(scenario.base.binding.delivery.max_unsettled),
           [&scenario](const kafka::CommitMetadata& metadata, Offset) {
             return std::min<std::size_t>(metadata.completed.size(), scenario.metadata_ranges);
           }}),
      listener_{[this](WorkerId w, FrameId f, auto&& r) { gate([=, this] { result(w, f, r); }); },
                [this](WorkerId w, FrameId f, auto&& r) { gate([=, this] { garbage(w, f, r); }); },
                {},
                [this](WorkerId w, auto&& loss) { gate([=, this] { worker_lost(w, loss); }); }} {}

void SimNode::gate(std::function<void()> call) {
  if (!alive_) return;
  if (paused_)
    frozen_.push_back(std::move(call));
  else
    call();
}

void SimNode::after(Duration delay, std::function<void()> call) {
  scheduler_.after(delay, [this, call = std::move(call)] { gate(call); });
}

void SimNode::start() {
  for (std::uint32_t i = 0; i < scenario_.base.workers; ++i) start_worker();
  member_ = broker_.join(*this);
  tick();
}

void SimNode::kill() {
  alive_ = false;
  for (auto& worker : workers_) worker->kill();
}

void SimNode::resume() {
  paused_ = false;
  for (auto& call : std::exchange(frozen_, {})) gate(std::move(call));
}

bool SimNode::quiet() const {
  return alive_ && !paused_ && !leaving() && asked_.empty() && dispatcher_.idle() &&
         !dispatcher_.has_work(scheduler_.now()) && !progress_.uncommitted() &&
         !progress_.committing() && std::ranges::all_of(partitions_, [this](const auto& entry) {
           return entry.second.stage == Stage::active &&
                  dispatcher_.counts(entry.first).unsettled == 0;
         });
}

std::string SimNode::describe() const {
  std::string text =
      fmt::format("node {} (life {}{}{}), {} in flight", disk_.node, life_, alive_ ? "" : ", dead",
                  paused_ ? ", paused" : "", dispatcher_.in_flight());
  for (const auto& [id, held] : partitions_) {
    const auto counts = dispatcher_.counts(id);
    text += fmt::format("; partition {}: stage {}, {}committed, next {}, {} unsettled", id.value,
                        static_cast<int>(held.stage), progress_.uncommitted(id) ? "un" : "",
                        counts.next, counts.unsettled);
  }
  return text;
}

void SimNode::fetch() {
  gate([this] { feed_all(); });
}

void SimNode::feed_all() {
  for (auto& [partition, held] : partitions_)
    if (held.stage == Stage::active) feed(partition);
  after_call();
}

void SimNode::feed(PartitionId partition) {
  for (;;) {
    const auto want = dispatcher_.wants(partition);
    if (want.events == 0) return;
    const model::PlacedBatch* next = broker_.batch_at(partition, want.from);
    if (next == nullptr) return;
    dispatcher_.offer(partition, next->base,
                      is(GroupMutation::packs_offsets) ? packed(*next->batch) : next->batch,
                      scheduler_.now(), commits_);
    const Offset from = dispatcher_.wants(partition).from;
    history_.offered(life_, partition, from);
    if (from == want.from) return;
  }
}

void SimNode::after_call() {
  submit_commits();
  arm();
  pump();
  check_drained();
}

void SimNode::submit_commits() {
  for (dispatch::Commit& commit : std::exchange(commits_, {})) {
    history_.emitted(life_, commit.token, commit.transaction);
    const std::uint64_t settlement = progress_.settle(commit.transaction);
    settling_[settlement] = commit.token;
    if (is(GroupMutation::commits_undurable)) progress_.stored(settlement);
    disk_.store->submit(commit.token, std::move(commit.transaction),
                        [this, token = commit.token, settlement] {
                          gate([=, this] { durable(token, settlement); });
                        });
  }
}

void SimNode::durable(dispatch::CommitToken token, std::uint64_t settlement) {
  history_.durable(life_, token);
  const bool due = !is(GroupMutation::commits_undurable) && progress_.stored(settlement);
  complete();
  if (due || !asked_.empty()) commit();
  if (alive_) feed_all();
}

// Opens windows, also of partitions that the caller does not mean.
void SimNode::complete() {
  bool any = false;
  while (const auto complete = progress_.next_complete()) {
    const auto token = settling_.extract(complete->number).mapped();
    dispatcher_.committed(token);
    any = true;
  }
  if (any) after(Duration{0}, [this] { feed_all(); });
}

void SimNode::arm() {
  const auto due = dispatcher_.next_due();
  if (!due || due == armed_) return;
  armed_ = due;
  after(std::max(Duration{0}, *due - scheduler_.now()) + Duration{dice_.between(0, 500)},
        [this, due] {
          if (armed_ != due) return;
          armed_.reset();
          dispatcher_.on_timer(scheduler_.now(), commits_);
          after_call();
        });
}

void SimNode::pump() {
  if (std::exchange(pumping_, true)) return;
  for (bool more = true; more && alive_;) {
    more = false;
    for (std::size_t i = 0; i < workers_.size() && alive_; ++i)
      if (workers_[i]->has_credit()) more = pull(*workers_[i]) || more;
  }
  pumping_ = false;
  arm();
}

bool SimNode::pull(SimWorker& worker) {
  auto frame = dispatcher_.pull(worker.id(), scenario_.base.limits, scheduler_.now(), commits_);
  submit_commits();
  if (!frame) return false;
  history_.frame(life_, worker.id(), *frame);
  if (!history_.violations().empty()) return false;
  worker.give(std::move(*frame));
  return true;
}

void SimNode::start_worker() {
  workers_.push_back(std::make_unique<SimWorker>(WorkerId{next_worker_++}, life_, scenario_.base,
                                                 mended_, scheduler_, Dice(dice_.seed()),
                                                 listener_));
}

void SimNode::result(WorkerId worker, FrameId frame, model::FrameResult result) {
  if (!history_.open(life_, worker, frame)) return late(worker, frame, std::move(result));
  // A second copy of a part contradicts the frame while that is still open.
  if (history_.covered(life_, frame) != result.first)
    return garbage(worker, frame, std::move(result));
  if (const auto good = dispatcher_.check(worker, frame, result); !good)
    return history_.violation("a good result does not pass the check: {}", good.error().message);
  history_.answered(life_, frame, result);
  if (scenario_.outputs && result.outputs && dice_.chance(0.7))
    return deliver_outputs(worker, frame, std::move(result));
  finish(worker, frame, std::move(result));
}

void SimNode::late(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  ++history_.seen.late;
  const auto checked = dispatcher_.check(worker, frame, result);
  const std::size_t before = commits_.size();
  const auto taken =
      dispatcher_.finished(worker, frame, std::move(result), scheduler_.now(), commits_);
  // The last part of a frame may be out for delivery: then a second copy contradicts.
  const bool refused = history_.awaited(life_, frame);
  if (checked || (!taken && !refused)) history_.violation("a late result passes the check");
  if (commits_.size() > before) history_.violation("a late result changed something");
  pump();  // the worker has room again
}

// Outputs go to a topic; the input settles when they are there.
void SimNode::deliver_outputs(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  ++history_.seen.held;
  const bool holds = !is(GroupMutation::holds_nothing);
  if (holds) dispatcher_.hold(worker, frame, result.first, result.count);
  after(Duration{dice_.between(50, 20'000)},
        [this, by = holds ? model::kHeld : worker, frame, result = std::move(result)] {
          delivered(by, frame, result);
        });
}

void SimNode::delivered(WorkerId by, FrameId frame, model::FrameResult result) {
  const std::set<std::uint32_t> made(result.output_parents.begin(), result.output_parents.end());
  for (const std::uint32_t parent : made)
    if (dice_.chance(scenario_.faults.output_fails))
      result.not_done.push_back({parent, model::OutcomeCode::retry, "Delivery", "refused", "",
                                 std::nullopt, dice_.chance(0.5)});
  std::ranges::sort(result.not_done, {}, &model::Failure::index);
  result.outputs = nullptr;
  result.output_parents.clear();
  if (history_.awaited(life_, frame)) return finish(by, frame, std::move(result));
  late(by, frame, std::move(result));
  after_call();
}

void SimNode::finish(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  history_.outcome(life_, frame, result);
  auto taken = dispatcher_.finished(worker, frame, std::move(result), scheduler_.now(), commits_);
  if (!taken) history_.violation("a good result was refused: {}", taken.error().message);
  after_call();
}

void SimNode::garbage(WorkerId worker, FrameId frame, model::FrameResult result) {
  if (dispatcher_.check(worker, frame, result))
    return history_.violation("a result that contradicts passes the check");
  model::WorkerLoss loss;
  loss.cause = "crash";
  for (auto& known : workers_) {
    if (known->id() != worker) continue;
    loss.frame = known->head();
    known->kill();
  }
  worker_lost(worker, loss);
}

void SimNode::worker_lost(WorkerId worker, const model::WorkerLoss& loss) {
  history_.worker_lost(life_, worker, loss);
  dispatcher_.worker_lost(worker, loss, scheduler_.now(), commits_);
  after_call();
  after(Duration{dice_.between(100, 5'000)}, [this] {
    start_worker();
    pump();
  });
}

}  // namespace pelton::simulation
