// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/binding_runner.h"

#include "engine/base/ensure.h"
#include "engine/observe/log.h"
#include "engine/runtime/letter_log.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

// Whether the disk has room for what the binding writes.
bool disk_allows(const BindingRunner::Setup& setup, store::DiskRoom room) {
  const bool writes_here = setup.dispatcher.target && !setup.output;
  return room == store::DiskRoom::plenty || (room == store::DiskRoom::low && !writes_here);
}

}  // namespace

BindingRunner::BindingRunner(Setup setup, stream::BindingInput input, store::Store& store,
                             boost::asio::io_context& io, const Clock& clock)
    : setup_(std::move(setup)),
      input_(std::move(input)),
      store_(store),
      clock_(clock),
      dispatcher_(setup_.dispatcher),
      timer_(io) {}

Status BindingRunner::open() {
  if (setup_.dispatcher.idempotency) {
    const Duration ttl = setup_.dispatcher.idempotency->ttl;
    store_.set_idempotency_ttl(setup_.dispatcher.id, ttl);
    auto read =
        store_.completed_keys(setup_.dispatcher.id, model::remembered_since(clock_.now(), ttl),
                              [&](const model::CompletedKeys& keys) { dispatcher_.restore(keys); });
    if (!read) return read;
  }
  if (auto ok = input_.events->open(*this); !ok)
    return std::unexpected(std::move(ok.error()).within("binding " + setup_.dispatcher.binding));
  return {};
}

void BindingRunner::start() {
  input_.events->start();
  changed();
}

void BindingRunner::drain(bool on) {
  draining_ = on;
  if (on) return;
  for (const PartitionId partition : partitions()) feed(partition);
  changed();
}

void BindingRunner::assigned(PartitionId partition, const model::Restored& restored) {
  dispatcher_.assign(partition, restored);
  stays_[partition] = Stay::open;
  stopped_.erase(partition);
}

void BindingRunner::revoking(PartitionId partition) {
  const auto stay = stays_.find(partition);
  if (stay == stays_.end()) return input_.events->drained(partition);
  stay->second = Stay::revoking;
  dispatcher_.drain(partition);
  tell_drained();
}

void BindingRunner::revoked(PartitionId partition) {
  dispatcher_.revoke(partition);
  stays_.erase(partition);
  stopped_.erase(partition);
  changed();
}

void BindingRunner::stopped(PartitionId partition, const Error& error) {
  const std::string why = fmt::format("partition {} of {} is stopped: {}", partition.value,
                                      setup_.dispatcher.stream, error.text());
  stopped_[partition] = {why, clock_.now()};
  observe::log::error(why, {{"binding", setup_.dispatcher.binding}});
}

bool BindingRunner::room() const {
  return !draining_ && disk_allows(setup_, store_.disk_room()) && input_.health.room() &&
         (!setup_.output || setup_.output->room());
}

stream::Trouble BindingRunner::trouble() const {
  stream::Trouble trouble = input_.health.trouble();
  if (!disk_allows(setup_, store_.disk_room()))
    trouble.what = "E4105: the disk is nearly full: paused";
  else if (trouble.what.empty() && setup_.output)
    trouble.what = setup_.output->trouble();
  return trouble;
}

std::string BindingRunner::stopped() const {
  std::string all;
  for (const auto& [partition, stop] : stopped_) {
    if (!all.empty()) all += "; ";
    all += stop.why;
  }
  return all;
}

void BindingRunner::feed(PartitionId partition) {
  const auto stay = stays_.find(partition);
  if (draining_ || stay == stays_.end() || stay->second != Stay::open) return;
  for (;;) {
    const auto want = dispatcher_.wants(partition);
    if (want.events == 0) break;
    const auto next = input_.events->next(partition, want.from);
    if (!next) break;
    dispatcher_.offer(partition, next->base, next->batch, clock_.now(), commits_);
    if (dispatcher_.wants(partition).from == want.from) break;
  }
  if (!setup_.dispatcher.filter.empty()) watch_filter(clock_.now());
  flush();
}

void BindingRunner::watch_filter(WallTime now) {
  const dispatch::Totals& totals = dispatcher_.totals();
  if (!filter_watch_.suspicious(totals.filtered, totals.passed, now)) return;
  observe::log::warn(
      fmt::format("no event has passed the filter yet, {} were filtered out; is it right?",
                  totals.filtered),
      {{"binding", setup_.dispatcher.binding}});
}

bool BindingRunner::has_work() {
  return room() && dispatcher_.has_work(clock_.now());
}

std::optional<model::Frame> BindingRunner::pull(WorkerId worker, const model::FrameLimits& limits) {
  if (!room()) return std::nullopt;
  auto frame = dispatcher_.pull(worker, limits, clock_.now(), commits_);
  flush();
  return frame;
}

Status BindingRunner::finished(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  if (setup_.output && result.outputs) return send(worker, frame, std::move(result));
  auto ok = dispatcher_.finished(worker, frame, std::move(result), clock_.now(), commits_);
  changed();
  return ok;
}

// The dispatcher hears of the result once its outputs are in their topic.
Status BindingRunner::send(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  if (auto ok = dispatcher_.check(worker, frame, result); !ok) {
    if (ok.error().kind != ErrorKind::cancelled) return ok;
    return dispatcher_.finished(worker, frame, std::move(result), clock_.now(), commits_);
  }
  const auto partition = dispatcher_.partition_of(frame);
  dispatcher_.hold(worker, frame, result.first, result.count);
  setup_.output->send({partition, std::move(result),
                       [this, frame](const model::FrameResult& held) {
                         return dispatcher_.check(model::kHeld, frame, held).has_value();
                       },
                       [this, frame](model::FrameResult&& sent) {
                         auto ok = dispatcher_.finished(model::kHeld, frame, std::move(sent),
                                                        clock_.now(), commits_);
                         ENSURE(ok.has_value(), "what was checked is wrong: {}", ok.error().text());
                         changed();
                       }});
  return {};
}

void BindingRunner::lost(WorkerId worker, const model::WorkerLoss& loss) {
  dispatcher_.worker_lost(worker, loss, clock_.now(), commits_);
  changed();
}

bool BindingRunner::replay(const model::DeadLetter& letter) {
  const bool taken = dispatcher_.replay(letter, clock_.now());
  changed();
  return taken;
}

void BindingRunner::seek(PartitionId partition, Offset offset, std::function<void(Status)> answer) {
  const auto stay = stays_.find(partition);
  if (stay == stays_.end() || stay->second != Stay::open)
    return answer(fail(ErrorKind::unavailable, "E5022",
                       "partition {} of {} is not this engine's at the moment", partition.value,
                       setup_.dispatcher.stream));
  stays_.erase(stay);
  dispatcher_.revoke(partition);
  input_.positions.seek(partition, offset, [this, answer = std::move(answer)](Status done) {
    changed();
    answer(std::move(done));
  });
}

void BindingRunner::flush() {
  for (dispatch::Commit& commit : commits_) {
    const dispatch::CommitToken token = commit.token;
    tell_dead_letters(commit.transaction);
    std::vector<PartitionId> settled;
    for (const auto& update : commit.transaction.progress) settled.push_back(update.at.partition);
    input_.events->settle(std::move(commit.transaction), [this, token, settled](Status) {
      dispatcher_.committed(token);
      for (PartitionId partition : settled) feed(partition);
      changed();
    });
  }
  commits_.clear();
  arm_timer();
}

void BindingRunner::changed() {
  flush();
  tell_drained();
  if (work_ready_ && has_work()) work_ready_();
}

void BindingRunner::tell_drained() {
  std::vector<PartitionId> drained;
  for (const auto& [partition, stay] : stays_)
    if (stay == Stay::revoking && dispatcher_.idle(partition)) drained.push_back(partition);
  for (PartitionId partition : drained) {
    stays_.erase(partition);
    dispatcher_.revoke(partition);
    input_.events->drained(partition);
  }
}

void BindingRunner::arm_timer() {
  const auto due = dispatcher_.next_due();
  if (due == armed_) return;
  armed_ = due;
  if (!due) return timer_.cancel();
  const Duration delay = std::max(Duration{0}, *due - clock_.now());
  timer_.after(delay, [this] {
    armed_.reset();
    dispatcher_.on_timer(clock_.now(), commits_);
    changed();
  });
}

BindingRunner::PartitionView BindingRunner::view(PartitionId partition) {
  PartitionView view;
  view.counts = dispatcher_.counts(partition);
  view.end = input_.positions.end(partition);
  view.oldest = view.counts.oldest_unsettled;
  if (!view.oldest && view.counts.cursor < view.end)
    view.oldest = input_.positions.time_at(partition, view.counts.cursor);
  if (const auto stop = stopped_.find(partition); !view.oldest && stop != stopped_.end())
    view.oldest = stop->second.since;
  return view;
}

}  // namespace pelton::runtime
