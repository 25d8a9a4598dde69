// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/dispatcher.h"

#include "engine/dispatch/core.h"

#include <utility>

namespace pelton::dispatch {

Dispatcher::Dispatcher(DispatcherOptions options)
    : core_(std::make_unique<Core>(std::move(options))) {}
Dispatcher::~Dispatcher() = default;

const DispatcherOptions& Dispatcher::options() const {
  return core_->shared().options;
}
void Dispatcher::assign(PartitionId partition, const model::Restored& restored) {
  core_->assign(partition, restored);
}
void Dispatcher::revoke(PartitionId partition) {
  core_->revoke(partition);
}
void Dispatcher::drain(PartitionId partition, bool on) {
  core_->drain(partition, on);
}
bool Dispatcher::drained(PartitionId partition) const {
  return !core_->shared().frames.with_workers(partition);
}
void Dispatcher::restore(const model::CompletedKeys& keys, WallTime now) {
  core_->restore(keys, now);
}
KeyUsage Dispatcher::completed_keys() const {
  const auto& index = core_->shared().index;
  return index ? index->usage() : KeyUsage{};
}
Dispatcher::Want Dispatcher::wants(PartitionId partition) const {
  return core_->wants(partition);
}
void Dispatcher::offer(PartitionId partition, Offset base, const model::BatchPtr& batch,
                       WallTime now, Commits& out) {
  core_->offer(partition, base, batch, now, out);
}
bool Dispatcher::has_work(WallTime now) const {
  return core_->has_work(now);
}
std::optional<model::Frame> Dispatcher::pull(WorkerId worker, const model::FrameLimits& limits,
                                             WallTime now, Commits& out) {
  return core_->pull(worker, limits, now, out);
}
Status Dispatcher::check(WorkerId worker, FrameId frame, const model::FrameResult& result) const {
  return core_->shared().frames.check(worker, frame, result);
}
std::optional<PartitionId> Dispatcher::partition_of(FrameId frame) const {
  return core_->shared().frames.partition_of(frame);
}
void Dispatcher::hold(WorkerId worker, FrameId frame, std::uint32_t first, std::uint32_t count) {
  core_->shared().frames.hold(worker, frame, first, count);
}
Status Dispatcher::finished(WorkerId worker, FrameId frame, model::FrameResult&& result,
                            WallTime now, Commits& out) {
  return core_->finished(worker, frame, std::move(result), now, out);
}
void Dispatcher::give_back(WorkerId worker, FrameId frame, std::uint32_t first, WallTime now,
                           Commits& out) {
  core_->give_back(worker, frame, first, now, out);
}
void Dispatcher::worker_lost(WorkerId worker, const model::WorkerLoss& loss, WallTime now,
                             Commits& out) {
  core_->worker_lost(worker, loss, now, out);
}
std::optional<WallTime> Dispatcher::next_due() const {
  return core_->next_due();
}
void Dispatcher::on_timer(WallTime now, Commits& out) {
  core_->on_timer(now, out);
}
void Dispatcher::committed(CommitToken token) {
  core_->committed(token);
}
bool Dispatcher::replay(const model::DeadLetter& letter, WallTime) {
  return core_->replay(letter);
}
void Dispatcher::reread(std::vector<Reread>& out) {
  core_->reread(out);
}

void Dispatcher::again(const Reread& which, Offset base, const model::BatchPtr& batch, WallTime now,
                       Commits& out) {
  core_->again(which, base, batch, now, out);
}

bool Dispatcher::replay_room() const {
  return core_->replay_room();
}
PartitionCounts Dispatcher::counts(PartitionId partition) const {
  return core_->counts(partition);
}
const Totals& Dispatcher::totals() const {
  return core_->shared().totals;
}
HistogramCounts Dispatcher::completion_ages() const {
  return core_->shared().ages.counts();
}
BreakerView Dispatcher::breaker() const {
  return core_->shared().breaker.view();
}
std::vector<ParkedEvent> Dispatcher::parked(std::size_t most) const {
  return core_->parked(most);
}
std::uint64_t Dispatcher::in_flight() const {
  return core_->shared().frames.in_flight();
}
bool Dispatcher::idle() const {
  return in_flight() == 0 && core_->shared().commits.empty();
}
bool Dispatcher::idle(PartitionId partition) const {
  return core_->idle(partition);
}

}  // namespace pelton::dispatch
