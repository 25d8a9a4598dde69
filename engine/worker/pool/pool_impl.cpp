// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/pool_impl.h"

#include "engine/base/units.h"
#include "engine/worker/pool/pool_isolation.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {
namespace {

constexpr Duration kShortestTick = std::chrono::milliseconds(5);
constexpr Duration kLongestTick = std::chrono::milliseconds(250);
// What waits behind an event that takes so long goes to other workers.
constexpr Duration kPatience = std::chrono::milliseconds(20);
constexpr Duration kWatchfulTick = std::chrono::milliseconds(10);
// So many times as many events as were suspects go one at a time: others come between them.
constexpr std::uint64_t kCaution = 4;
// A tick that comes so much too late was not only waiting its turn.
constexpr Duration kStandstill = std::chrono::milliseconds(100);

std::size_t retire_all_but(const Worker& kept,
                           const std::vector<std::unique_ptr<Worker>>& workers) {
  std::size_t ending = 0;
  for (const auto& worker : workers) {
    if (worker.get() == &kept || worker->retiring()) continue;
    ++ending;
    worker->retire(std::chrono::steady_clock::now());
  }
  return ending;
}

}  // namespace

WorkerPool::Impl::Impl(boost::asio::io_context& io, const config::Function& function,
                       const RuntimeSpec& runtime, std::vector<FrameSource*> sources,
                       PoolOptions options, LineListener lines)
    : io_(io),
      function_(function),
      runtime_(runtime),
      options_(std::move(options)),
      lines_(std::move(lines)),
      meter_(options_.used),
      sources_(std::move(sources)),
      zygotes_(io, function, runtime, options_.sdks, options_.places, options_.state, lines_),
      tick_{thread::Timer{io}},
      retry_(io) {
  totals_.isolation = options_.isolation;
}

// ---- starting

Crowd WorkerPool::Impl::crowd() const {
  Crowd crowd;
  crowd.workers = workers_.size();
  for (const auto& worker : workers_) {
    crowd.starting += worker->state() == Worker::State::starting ? 1 : 0;
    crowd.retiring += worker->retiring() ? 1 : 0;
  }
  return crowd;
}

void WorkerPool::Impl::start_missing() {
  for (;;) {
    const std::size_t missing =
        workers_to_start(function_.scale, crowd(), sources_.has_work(), backoff_, Clock::now());
    if (missing == 0 || !start_worker()) return;
  }
}

bool WorkerPool::Impl::start_worker() {
  const WorkerId id{next_id_++};
  auto worker = std::make_unique<Worker>(io_, function_, id, *this, lines_, options_.reported);
  if (auto ok = worker->start(runtime_, options_.sdks, options_.places, zygotes_); !ok) {
    const Error& why = ok.error();
    // The code of whoever asks is E3001 as well.
    failed_to_start(id, why.code == "E3001" ? why.message : why.text());
    zygotes_.idle(workers_.empty());
    return false;
  }
  ++totals_.started;
  workers_.push_back(std::move(worker));
  zygotes_.idle(false);
  arm_tick();
  return true;
}

void WorkerPool::Impl::failed_to_start(WorkerId worker, const std::string& why) {
  ++totals_.start_failures;
  const auto refused = fail(ErrorKind::invalid, "E3001", "function {}: {}", function_.name, why);
  if (proof_) return prove_with(refused);
  if (renewal_ && renewal_->worker == worker) return renewed(refused);
  const bool news = totals_.start_error != why;
  totals_.start_error = why;
  if (news) tell(function_.name, "a worker cannot start: " + why);
  back_off();
  if (std::ranges::none_of(workers_, [](const auto& one) { return one->was_ready(); }))
    sources_.cannot_start(why);
}

void WorkerPool::Impl::back_off() {
  const auto now = Clock::now();
  backoff_.failed(now);
  retry_.after(std::chrono::ceil<Duration>(backoff_.not_before() - now), [this] { wake(); });
}

void WorkerPool::Impl::tell(std::string_view worker, const std::string& text) const {
  lines_({function_.name, worker, WorkerLine::Stream::engine, text, {}});
}

// ---- work

void WorkerPool::Impl::wake() {
  if (end_.under_way || proof_) return;
  for (std::size_t i = 0; i < workers_.size() && sources_.any_work(); ++i) give_work(*workers_[i]);
  if (workers_.size() < function_.scale.min || sources_.has_work()) start_missing();
}

// Only fast sources: a second frame behind a slow one would wait there while others are idle.
bool WorkerPool::Impl::wants_second(const Worker& worker) const {
  return std::ranges::none_of(worker.in_flight().sources(),
                              [this](std::size_t source) { return sources_.slow(source); });
}

void WorkerPool::Impl::give_work(Worker& worker) {
  while (worker.room() > 0) {
    const std::size_t at_once = caution_ > 0 ? 1 : worker.at_once();
    const bool second = worker.in_flight().unanswered_events() >= at_once;
    if (second && (caution_ > 0 || !wants_second(worker))) return;
    auto pulled = sources_.pull(worker.id, second, caution_ > 0 ? 1 : FrameSizer::kMaxEvents);
    if (!pulled) return;
    worker.give(std::move(pulled->frame), pulled->source);
    arm_tick();
  }
}

void WorkerPool::Impl::ready(Worker& worker, bool whole_frames) {
  meter_.started(worker.times(Clock::now()).age);
  totals_.start_error.reset();
  if (const auto news = news_of_isolation(worker.process().sandbox(), totals_.isolation))
    tell(function_.name, *news);
  prove_with({});
  if (renewal_ && renewal_->worker == worker.id) renewed(retire_all_but(worker, workers_));
  if (whole_frames) sources_.take_frames_whole(function_.timeout);
  wake();
}

Status WorkerPool::Impl::answered(Worker& worker, std::size_t source, FrameId frame,
                                  model::FrameResult&& result) {
  return sources_.finished(source, worker.id, frame, std::move(result));
}

void WorkerPool::Impl::moved_on(Worker& worker, std::size_t source, const Step& step) {
  backoff_.succeeded();
  caution_ -= std::min<std::uint64_t>(caution_, step.events);
  sources_.measured(source, step.events, step.took);
  meter_.answered(sources_.at(source), step);
  const auto each = step.took / std::max(1U, step.events);
  durations_.done.add(each, step.events - step.failed);
  durations_.failed.add(each, step.failed);
  if (step.whole) sources_.released(worker.id, source);
  if (function_.recycle_events && worker.events_done() >= *function_.recycle_events &&
      !worker.retiring()) {
    ++totals_.recycled;
    worker.retire(Clock::now());
  }
  wake();
}

void WorkerPool::Impl::gave_back(Worker& worker, std::size_t source, const Tail& tail, bool whole) {
  sources_.gave_back(source, worker.id, tail);
  if (whole) sources_.released(worker.id, source);
  wake();
}

// ---- ends

void WorkerPool::Impl::ended(Worker& worker) {
  const auto at = std::ranges::find(workers_, &worker, &std::unique_ptr<Worker>::get);
  // Its own call is under way: it goes when that returns.
  const std::unique_ptr<Worker> keep = std::move(*at);
  workers_.erase(at);
  totals_.cpu_us += worker.process().cpu_us();
  const WorkerEnd end = worker.end();
  learn_from_end(worker, end);
  if (renewal_ && renewal_->worker == worker.id)
    renewed(fail(ErrorKind::cancelled, "E5013", "function {} is stopping", function_.name));
  if (!worker.in_flight().empty()) account_for(worker, end);
  if (end_.under_way) return check_stopped();
  wake();
  zygotes_.idle(workers_.empty());
}

// Of one that had events in flight.
void WorkerPool::Impl::account_for(const Worker& worker, const WorkerEnd& end) {
  const model::WorkerLoss& loss = end.loss;
  if (loss.cause == "timeout") {
    ++totals_.timed_out;
    durations_.timed_out.add(function_.timeout);
  }
  if (loss.cause == "crash") ++totals_.crashed;
  tell(worker.name, fmt::format("ended ({}) with events in flight", loss.type));
  // What it began and did not finish was used as well.
  if (loss.cause != "engine")
    meter_.answered(sources_.at(worker.in_flight().sources().front()),
                    {1, 1, false, worker.times(Clock::now()).at_work});
  for (const Invocation& one : end.unfinished)
    if (const auto source = worker.in_flight().source_of(one.frame))
      sources_.had_begun(*source, worker.id, one.frame);
  if (loss.cause == "crash" && end.unfinished.size() > 1)
    caution_ = std::max<std::uint64_t>(caution_, kCaution * end.unfinished.size());
  sources_.lost(worker.id, loss);
}

void WorkerPool::Impl::learn_from_end(const Worker& worker, const WorkerEnd& end) {
  const model::WorkerLoss& loss = end.loss;
  const auto with_lines = [&](const std::string& why) {
    return loss.message.empty() ? why : why + "\n" + loss.message;
  };
  if (!end.start_error.empty()) return failed_to_start(worker.id, with_lines(end.start_error));
  if (worker.retiring() || end_.under_way) return;
  if (!worker.was_ready())
    return failed_to_start(worker.id,
                           with_lines(fmt::format("ended ({}) before it was ready{}{}", loss.type,
                                                  end.advice.empty() ? "" : ": ", end.advice)));
  if (worker.in_flight().empty())
    tell(worker.name, with_lines(fmt::format("ended ({}) while it was idle", loss.type)));
  // It never finished an event, and none is to blame: another would end the same way at once.
  if (worker.events_done() == 0 && !loss.index) back_off();
}

// ---- the tick

// Short while a worker has events that could be given to another.
Duration WorkerPool::Impl::tick_span() const {
  const auto span = std::clamp(function_.timeout / 10, kShortestTick, kLongestTick);
  const bool watchful = shares_work() && std::ranges::any_of(workers_, [](const auto& worker) {
                          return worker->in_flight().unanswered_events() > 1;
                        });
  return watchful ? std::min(span, kWatchfulTick) : span;
}

void WorkerPool::Impl::arm_tick() {
  const auto now = Clock::now();
  if (tick_.due && *tick_.due <= now + kWatchfulTick) return;
  const Duration span = tick_span();
  const auto due = now + span;
  if (tick_.due && *tick_.due <= due) return;
  tick_.due = due;
  tick_.timer.after(span, [this] { tick(*std::exchange(tick_.due, std::nullopt)); });
}

void WorkerPool::Impl::tick(Clock::time_point due) {
  const auto now = Clock::now();
  // A machine that stood still, or an engine that was stopped or stalled: what workers answered
  // meanwhile is not read yet, or they stood still as well. That time is not theirs.
  const Clock::duration late = now - due;
  const auto stood_still = late >= kStandstill ? late : Clock::duration::zero();
  // What is given back may start workers.
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->look_after(now, stood_still,
                            shares_work() ? std::optional(kPatience) : std::nullopt);
    check_worker(*workers_[i], now);
  }
  if (!end_.under_way) reap_idle(now);
  if (!workers_.empty()) arm_tick();
}

void WorkerPool::Impl::check_worker(Worker& worker, Clock::time_point now) {
  if (worker.overdue(now, function_.timeout))
    return worker.kill("timeout", "timeout after " + format_duration(function_.timeout));
  if (end_.under_way && now >= end_.deadline) return worker.kill("engine", "the engine stops");
  if (has_too_many_processes(worker.process(), function_))
    worker.kill("crash",
                fmt::format("it had more than its limit of {} processes", *function_.processes));
  recycle_if_due(worker, now);
}

void WorkerPool::Impl::recycle_if_due(Worker& worker, Clock::time_point now) {
  if (!function_.recycle_bytes || worker.retiring() || worker.state() != Worker::State::running ||
      worker.process().memory_bytes() < *function_.recycle_bytes)
    return;
  ++totals_.recycled;
  worker.retire(now);
}

void WorkerPool::Impl::reap_idle(Clock::time_point now) {
  std::size_t spare = workers_to_spare(function_.scale, crowd());
  for (const auto& worker : workers_) {
    if (spare == 0) return;
    if (worker->state() != Worker::State::running || worker->retiring() ||
        !worker->in_flight().empty() || now - worker->idle_since() < function_.scale.idle)
      continue;
    worker->retire(now);
    ++totals_.reaped;
    --spare;
  }
}

// ---- from outside

void WorkerPool::Impl::prove(std::function<void(Status)> done) {
  proof_ = std::move(done);
  start_worker();
}

void WorkerPool::Impl::prove_with(const Status& ready) {
  if (proof_ && *proof_) std::exchange(*proof_, nullptr)(ready);
}

void WorkerPool::Impl::start() {
  proof_.reset();
  if (const auto missing = missing_isolation(totals_.isolation)) tell(function_.name, *missing);
  wake();
}

void WorkerPool::Impl::add(FrameSource& source) {
  sources_.add(source);
  wake();
}

void WorkerPool::Impl::abandon(const FrameSource& source) {
  const auto index = sources_.find(source);
  if (!index) return;
  for (const auto& worker : workers_)
    if (const auto has = worker->in_flight().sources(); std::ranges::find(has, *index) != has.end())
      worker->kill("engine", "its binding stops");
}

void WorkerPool::Impl::renew(Answer<std::size_t> done) {
  if (end_.under_way)
    return done(fail(ErrorKind::cancelled, "E5013", "function {} is stopping", function_.name));
  // The code may have changed since its worker began to read it, which may wait for something.
  if (renewal_) {
    const auto worker = std::ranges::find_if(
        workers_, [this](const auto& one) { return one->id == renewal_->worker; });
    renewed(fail(ErrorKind::unavailable, "E5060",
                 "function {}: a later restart has taken the place of this one", function_.name));
    if (worker != workers_.end()) {
      (*worker)->retire(Clock::now());
      (*worker)->kill("engine", "a later restart has taken its place");
    }
  }
  backoff_.forget();
  zygotes_.end();
  const Crowd now = crowd();
  if (now.workers == now.retiring) {
    wake();
    return done(0);
  }
  renewal_ = Renewal{WorkerId{next_id_}, std::move(done)};
  start_worker();
}

void WorkerPool::Impl::renewed(Result<std::size_t> ended) {
  Renewal renewal = std::move(*renewal_);
  renewal_.reset();
  renewal.done(std::move(ended));
}

void WorkerPool::Impl::stop(std::chrono::steady_clock::time_point deadline,
                            std::function<void()> done) {
  end_.under_way = true;
  end_.deadline = deadline;
  end_.done = std::move(done);
  if (proof_) proof_ = nullptr;
  retry_.cancel();
  for (const auto& worker : workers_) worker->retire(Clock::now());
  arm_tick();
  check_stopped();
}

void WorkerPool::Impl::check_stopped() {
  if (!workers_.empty() || !end_.done) return;
  tick_.timer.cancel();
  zygotes_.end();
  std::exchange(end_.done, nullptr)();
}

PoolStats WorkerPool::Impl::stats() const {
  PoolStats stats = totals_;
  stats.done = durations_.done.counts();
  stats.failed = durations_.failed.counts();
  stats.timed_out_after = durations_.timed_out.counts();
  const auto now = Clock::now();
  for (const auto& worker : workers_) stats.workers.push_back(worker->info(now));
  return stats;
}

}  // namespace pelton::worker
