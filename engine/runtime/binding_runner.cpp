// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/binding_runner.h"

#include "engine/base/ensure.h"
#include "engine/dead_letters/dead_letter_log.h"
#include "engine/observe/log.h"
#include "engine/runtime/operator_pause.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

// Whether the disk has room for what the binding writes.
bool disk_allows(const BindingRunner::Setup& setup, store::DiskRoom room) {
  const bool writes_here = std::ranges::any_of(
      setup.dispatcher.outputs, [](const model::OutputStream& to) { return to.partitions > 0; });
  return room == store::DiskRoom::plenty || (room == store::DiskRoom::low && !writes_here);
}

void warn_of_outputs(const dispatch::DispatcherOptions& binding) {
  observe::log::warn(
      "the function returns events, but the binding has no \"to\": they are discarded",
      {{"binding", binding.binding}, {"function", binding.function}});
}

void watch_filter(dispatch::FilterWatch& watch, const dispatch::Dispatcher& dispatcher,
                  WallTime now) {
  const dispatch::Totals& totals = dispatcher.totals();
  if (!watch.suspicious(totals.filtered, totals.passed, now)) return;
  observe::log::warn(
      fmt::format(
          "the filter has not matched any event yet ({} were filtered out): check whether it "
          "is correct",
          totals.filtered),
      {{"binding", dispatcher.options().binding}});
}

}  // namespace

BindingRunner::BindingRunner(Setup setup, stream::BindingInput input, store::Store& store,
                             boost::asio::io_context& io, const Clock& clock)
    : setup_(std::move(setup)),
      input_(std::move(input)),
      store_(store),
      io_(io),
      clock_(clock),
      dispatcher_(setup_.dispatcher),
      tenures_({dispatcher_, *input_.events, input_.positions, clock, setup_.dispatcher.stream,
                setup_.seek_patience}),
      rereads_(dispatcher_, setup_.read_again,
               [this](const dispatch::Reread& which, const model::PlacedBatch* read) {
                 dispatcher_.again(which, read == nullptr ? 0 : read->base,
                                   read == nullptr ? nullptr : read->batch, clock_.now(), commits_);
                 note();
               }),
      turns_({setup_.turns, dispatcher_, *input_.events}, {[this](PartitionId partition) {
                                                             with_room_.push_back(partition);
                                                             note();
                                                           },
                                                           [this] { feed_all(); }}),
      timer_(io) {}

Status BindingRunner::open() {
  if (setup_.dispatcher.idempotency) {
    const Duration ttl = setup_.dispatcher.idempotency->ttl;
    store_.set_idempotency_ttl(setup_.dispatcher.id, ttl);
    const WallTime now = clock_.now();
    auto read = store_.completed_keys(
        setup_.dispatcher.id, model::remembered_since(now, ttl),
        [&](const model::CompletedKeys& keys) { dispatcher_.restore(keys, now); });
    if (!read) return read;
  }
  if (auto ok = input_.events->open(*this); !ok)
    return std::unexpected(std::move(ok.error()).within("binding " + setup_.dispatcher.binding));
  return {};
}

void BindingRunner::start() {
  const auto paused = is_paused(store_, setup_.dispatcher.binding);
  setup_.paused = paused && *paused;
  if (!paused)
    observe::log::error("cannot read whether the binding was paused",
                        {{"binding", setup_.dispatcher.binding}, {"error", paused.error().text()}});
  if (setup_.endings) setup_.endings->start();
  input_.events->start();
  note();
}

void BindingRunner::hold(Hold why, bool on) {
  (why == Hold::paused ? setup_.paused : draining_) = on;
  if (!on) feed_all();
}

void BindingRunner::feed_all() {
  with_room_ = input_.positions.partitions();
  note();
}

void BindingRunner::assigned(PartitionId partition, const model::Restored& restored) {
  tenures_.begin(partition, restored);
  stopped_.remove(partition);
}

void BindingRunner::readable(PartitionId partition) {
  feed(partition);
  note();
}

void BindingRunner::revoking(PartitionId partition) {
  tenures_.revoke(partition);
  note();
}

void BindingRunner::revoked(PartitionId partition) {
  settle_commits();  // while they are this assignment's
  tenures_.end(partition);
  stopped_.remove(partition);
  note();
}

void BindingRunner::stopped(PartitionId partition, const Error& error) {
  const std::string why = fmt::format("partition {} of {} is stopped: {}", partition.value,
                                      setup_.dispatcher.stream, error.text());
  stopped_.add(partition, why, clock_.now());
  observe::log::error(why, {{"binding", setup_.dispatcher.binding}});
}

bool BindingRunner::room() const {
  return !draining_ && !setup_.paused && disk_allows(setup_, store_.disk_room()) &&
         input_.health.room() && (!setup_.output || setup_.output->room());
}

stream::Trouble BindingRunner::trouble() const {
  stream::Trouble trouble = input_.health.trouble();
  if (!disk_allows(setup_, store_.disk_room()))
    trouble.what = "E4105: the disk is nearly full: paused";
  else if (trouble.what.empty() && setup_.output)
    trouble.what = setup_.output->trouble();
  return trouble;
}

void BindingRunner::feed(PartitionId partition) {
  if (draining_ || !tenures_.open(partition)) return;
  for (;;) {
    const auto want = dispatcher_.wants(partition);
    if (want.later) turns_.later(partition);
    if (want.events == 0) break;
    const auto reads = turns_.may_read(partition);
    if (!reads) break;
    const auto next = input_.events->next(partition, want.from, *reads);
    if (!next) break;
    dispatcher_.offer(partition, next->base, next->batch, clock_.now(), commits_);
    input_.events->taken(partition, dispatcher_.wants(partition).from);
    if (*reads == stream::Reads::one_batch) turns_.review(partition, true);
    if (dispatcher_.wants(partition).from == want.from) break;
  }
  if (!setup_.dispatcher.filter.empty()) watch_filter(notices_.filter, dispatcher_, clock_.now());
}

bool BindingRunner::has_work() {
  return room() && dispatcher_.has_work(clock_.now());
}

std::optional<model::Frame> BindingRunner::pull(WorkerId worker, const model::FrameLimits& limits) {
  if (!room()) return std::nullopt;
  auto frame = dispatcher_.pull(worker, limits, clock_.now(), commits_);
  if (frame && setup_.endings) setup_.endings->given(worker, *frame);
  if (!commits_.empty() || (!frame && turns_.waiting())) note();
  rereads_.ask();
  arm_timer();
  return frame;
}

Status BindingRunner::finished(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  if (setup_.endings) setup_.endings->finished(frame, result, clock_.now());
  if (!setup_.dispatcher.outputs.empty())
    model::fail_unknown_streams(result, setup_.dispatcher.outputs);
  if (setup_.output && result.outputs) return send(worker, frame, std::move(result));
  if (result.outputs && setup_.dispatcher.outputs.empty() && !setup_.endings &&
      !std::exchange(warned_of_outputs_, true))
    warn_of_outputs(setup_.dispatcher);
  auto ok = dispatcher_.finished(worker, frame, std::move(result), clock_.now(), commits_);
  note();
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
                         note();
                       }});
  return {};
}

void BindingRunner::gave_back(WorkerId worker, FrameId frame, std::uint32_t first) {
  if (setup_.endings) setup_.endings->gave_back(frame);
  dispatcher_.give_back(worker, frame, first, clock_.now(), commits_);
  note();
}

void BindingRunner::lost(WorkerId worker, const model::WorkerLoss& loss) {
  if (setup_.endings) setup_.endings->lost(worker);
  dispatcher_.worker_lost(worker, loss, clock_.now(), commits_);
  note();
}

bool BindingRunner::replay(const model::DeadLetter& letter) {
  const bool taken = dispatcher_.replay(letter, clock_.now());
  note();
  return taken;
}

void BindingRunner::seek(PartitionId partition, Offset offset, std::function<void(Status)> answer) {
  if (setup_.endings)
    answer = [runner = std::weak_ptr(alive_), answer = std::move(answer),
              over = OffsetRange{dispatcher_.counts(partition).cursor, offset}](Status moved) {
      const auto alive = runner.lock();
      if (moved && alive && over.begin < over.end) (*alive)->setup_.endings->passed_over(over);
      answer(std::move(moved));
    };
  tenures_.seek(partition, offset, std::move(answer));
  if (seek_begins_) seek_begins_();
  note();
}

void BindingRunner::note() {
  if (std::exchange(noted_, true)) return;
  boost::asio::post(io_, [runner = std::weak_ptr(alive_)] {
    if (const auto alive = runner.lock()) (*alive)->turn();
  });
}

// Whatever is settled or asked for on the way is noted for the next turn.
void BindingRunner::turn() {
  noted_ = false;
  while (const auto next = turns_.next()) feed(*next);
  for (const PartitionId partition : std::exchange(with_room_, {})) feed(partition);
  settle_commits();
  if (setup_.output) setup_.output->settled();
  for (const PartitionId again : tenures_.check()) {
    with_room_.push_back(again);
    note();
  }
  for (const PartitionId partition : turns_.given())
    turns_.review(partition, !draining_ && tenures_.open(partition));
  rereads_.ask();
  arm_timer();
  notices_.pauses.look(setup_.dispatcher.binding, dispatcher_.breaker(), clock_.now());
  if (work_ready_ && has_work()) work_ready_();
}

void BindingRunner::settle_commits() {
  ENSURE(settling_.empty(), "a settlement led to another one");
  settling_.swap(commits_);
  for (dispatch::Commit& commit : settling_) {
    dead_letters::tell_failures(setup_.dispatcher.binding, commit.transaction);
    if (setup_.endings) setup_.endings->settle(commit.transaction);
    std::vector<PartitionId> settled;
    for (const auto& update : commit.transaction.progress) settled.push_back(update.at.partition);
    input_.events->settle(std::move(commit.transaction),
                          [this, token = commit.token, settled = std::move(settled)](Status) {
                            committed(token, settled);
                          });
  }
  settling_.clear();
}

void BindingRunner::committed(dispatch::CommitToken token,
                              const std::vector<PartitionId>& settled) {
  dispatcher_.committed(token);
  with_room_.insert(with_room_.end(), settled.begin(), settled.end());
  note();
}

void BindingRunner::arm_timer() {
  auto due = dispatcher_.next_due();
  if (const auto deadline = tenures_.next_deadline())
    due = due ? std::min(*due, *deadline) : deadline;
  if (due == armed_) return;
  armed_ = due;
  if (!due) return timer_.cancel();
  const Duration delay = std::max(Duration{0}, *due - clock_.now());
  timer_.after(delay, [this] {
    armed_.reset();
    dispatcher_.on_timer(clock_.now(), commits_);
    note();
  });
}

BindingRunner::PartitionView BindingRunner::view(PartitionId partition) {
  PartitionView view;
  view.counts = dispatcher_.counts(partition);
  view.end = input_.positions.end(partition);
  view.oldest = view.counts.oldest_unsettled;
  if (!view.oldest && view.counts.cursor < view.end)
    view.oldest = input_.positions.time_at(partition, view.counts.cursor);
  if (!view.oldest) view.oldest = stopped_.since(partition);
  return view;
}

}  // namespace pelton::runtime
