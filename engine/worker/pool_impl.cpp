// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool_impl.h"

#include "engine/base/units.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {
namespace {

using boost::system::error_code;
constexpr auto kFirstBackoff = std::chrono::milliseconds(200);
constexpr auto kMaxBackoff = std::chrono::seconds(30);
constexpr auto kStartTimeout = std::chrono::seconds(60);
// How long an idle or stopping worker may take to end by itself.
constexpr auto kEndGrace = std::chrono::seconds(2);
constexpr Duration kShortestTick = std::chrono::milliseconds(5);
constexpr Duration kLongestTick = std::chrono::milliseconds(250);

}  // namespace

WorkerPool::Impl::Impl(boost::asio::io_context& io, const config::Function& function,
                       WorkSource& source, PoolOptions options, LineListener lines)
    : io_(io),
      function_(function),
      source_(source),
      options_(std::move(options)),
      lines_(std::move(lines)),
      tick_(io),
      retry_(io) {}

WorkerPool::Impl::~Impl() {
  for (const WorkerPtr& worker : workers_) {
    worker->abandon();
    worker->kill("engine", "stopped");
  }
}

void WorkerPool::Impl::start() {
  for (std::uint32_t i = 0; i < function_.scale.min; ++i)
    if (!start_worker()) break;
}

Launch WorkerPool::Impl::launch_options() const {
  Launch launch;
  launch.memory_bytes = function_.memory_bytes;
  launch.environment = worker_environment(function_.environment);
  if (function_.runtime == config::Runtime::python) {
    launch.command = {function_.interpreter, "-u", "-m", "pelton.worker"};
    launch.environment["PYTHONPATH"] = options_.sdk_python;
    launch.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  } else {
    launch.command = {function_.code.string()};
  }
  return launch;
}

bool WorkerPool::Impl::start_worker() {
  auto worker =
      std::make_shared<WorkerProcess>(io_, function_, WorkerId{next_id_++}, *this, lines_);
  if (auto ok = worker->start(launch_options()); !ok) {
    failed_to_start(ok.error().text());
    return false;
  }
  ++totals_.started;
  workers_.push_back(std::move(worker));
  arm_tick();
  return true;
}

void WorkerPool::Impl::failed_to_start(const std::string& why) {
  ++totals_.start_failures;
  const bool news = totals_.start_error != why;
  totals_.start_error = why;
  if (news)
    lines_({function_.name,
            function_.name,
            WorkerLine::Stream::engine,
            "a worker cannot start: " + why,
            {}});
  const auto delay = std::min<Clock::duration>(
      kMaxBackoff, kFirstBackoff * (1 << std::min(failures_in_row_, 10U)));
  ++failures_in_row_;
  not_before_ = Clock::now() + delay;
  retry_.expires_at(not_before_);
  retry_.async_wait([this](const error_code& error) {
    if (!error) wake();
  });
}

bool WorkerPool::Impl::may_start(Clock::time_point now) const {
  return workers_.size() < function_.scale.max && now >= not_before_ &&
         std::ranges::none_of(workers_, [](const WorkerPtr& w) {
           return w->state == WorkerProcess::State::starting;
         });
}

void WorkerPool::Impl::wake() {
  // Giving work makes commits, which may say that there is work.
  if (stopping_ || std::exchange(waking_, true)) return;
  for (std::size_t i = 0; i < workers_.size(); ++i) give_work(*workers_[i]);
  if (workers_.size() < function_.scale.max && source_.has_work() && may_start(Clock::now()))
    start_worker();
  waking_ = false;
}

void WorkerPool::Impl::give_work(WorkerProcess& worker) {
  const std::size_t credit = sizer_.slow() ? 1 : 2;
  while (worker.state == WorkerProcess::State::running && !worker.retiring &&
         worker.frames.size() < credit) {
    auto frame = source_.pull(worker.id, sizer_.limits());
    if (!frame) break;
    worker.send(std::move(*frame));
    arm_tick();
  }
}

void WorkerPool::Impl::ready(WorkerProcess& worker) {
  failures_in_row_ = 0;
  totals_.start_error.reset();
  worker.idle_since = Clock::now();
  wake();
}

void WorkerPool::Impl::start_failed(WorkerProcess& worker, const std::string& why) {
  const std::string lines = worker.last_lines();
  failed_to_start(lines.empty() ? why : why + "\n" + lines);
  worker.retiring = true;
  worker.close_input();
}

bool WorkerPool::Impl::answered(WorkerProcess& worker, FrameId frame,
                                dispatch::FrameResult&& result) {
  const auto now = Clock::now();
  const std::uint32_t count = result.count;
  const auto since = worker.last_answer;
  const bool taken = source_.finished(worker.id, frame, std::move(result)).has_value();
  if (!taken) return false;
  sizer_.measured(count, now - since);
  if (worker.frames.empty()) worker.idle_since = now;
  retire_if_due(worker);
  wake();
  return true;
}

void WorkerPool::Impl::retire_if_due(WorkerProcess& worker) {
  if (!worker.retiring && function_.recycle_events &&
      worker.events_done >= *function_.recycle_events) {
    worker.retiring = true;
    ++totals_.recycled;
  }
  if (worker.retiring && worker.frames.empty() && worker.state == WorkerProcess::State::running)
    worker.close_input();
}

void WorkerPool::Impl::ended(WorkerProcess& worker) {
  const bool was_starting = !worker.retiring && worker.frames.empty() && worker.events_done == 0 &&
                            !stopping_ && worker.how_ended() != "exit 0";
  totals_.cpu_us += worker.cpu_us();
  dispatch::WorkerLoss loss = worker.loss();
  if (!worker.frames.empty()) {
    if (loss.cause == "timeout")
      ++totals_.timed_out;
    else if (loss.cause == "crash")
      ++totals_.crashed;
    lines_({function_.name,
            worker.name,
            WorkerLine::Stream::engine,
            fmt::format("ended ({}) with events in flight", loss.type),
            {}});
  }
  const bool had_frames = !worker.frames.empty();
  const WorkerId id = worker.id;
  worker.abandon();
  std::erase_if(workers_, [&](const WorkerPtr& w) { return w->id == id; });
  if (had_frames) source_.lost(id, loss);
  if (was_starting && !had_frames)
    failed_to_start(loss.message.empty() ? loss.type : loss.type + "\n" + loss.message);
  if (stopping_) return check_stopped();
  wake();
}

void WorkerPool::Impl::arm_tick() {
  if (std::exchange(ticking_, true)) return;
  tick_.expires_after(std::clamp(function_.timeout / 10, kShortestTick, kLongestTick));
  tick_.async_wait([this](const error_code& error) {
    if (error) return;
    ticking_ = false;
    tick();
  });
}

void WorkerPool::Impl::tick() {
  const auto now = Clock::now();
  for (const WorkerPtr& worker : workers_) check_worker(*worker, now);
  if (!stopping_) reap_idle(now);
  if (!workers_.empty()) arm_tick();
}

void WorkerPool::Impl::check_worker(WorkerProcess& worker, Clock::time_point now) {
  using State = WorkerProcess::State;
  if (worker.stuck(now, function_.timeout))
    return worker.kill("timeout", "timeout after " + format_duration(function_.timeout));
  if (worker.state == State::starting && now - worker.started >= kStartTimeout)
    return worker.kill("crash", "not ready after 60s");
  if (worker.state == State::stopping && worker.frames.empty() &&
      now - worker.idle_since >= kEndGrace)
    return worker.kill("engine", "did not end when told");
  if (stopping_ && now >= deadline_) return worker.kill("engine", "the engine stops");
  if (function_.recycle_bytes && !worker.retiring && worker.state == State::running &&
      worker.memory_bytes() >= *function_.recycle_bytes) {
    worker.retiring = true;
    ++totals_.recycled;
    worker.idle_since = now;
    retire_if_due(worker);
  }
}

void WorkerPool::Impl::reap_idle(Clock::time_point now) {
  std::size_t live =
      std::ranges::count_if(workers_, [](const WorkerPtr& w) { return !w->retiring; });
  for (const WorkerPtr& worker : workers_) {
    if (live <= function_.scale.min) return;
    if (worker->state != WorkerProcess::State::running || worker->retiring ||
        !worker->frames.empty() || now - worker->idle_since < function_.scale.idle)
      continue;
    worker->retiring = true;
    worker->idle_since = now;
    ++totals_.reaped;
    --live;
    worker->close_input();
  }
}

void WorkerPool::Impl::stop(std::chrono::steady_clock::time_point deadline,
                            std::function<void()> done) {
  stopping_ = true;
  deadline_ = deadline;
  stopped_ = std::move(done);
  retry_.cancel();
  for (const WorkerPtr& worker : workers_) {
    worker->retiring = true;
    worker->idle_since = Clock::now();
    worker->close_input();
  }
  arm_tick();
  check_stopped();
}

void WorkerPool::Impl::check_stopped() {
  if (!workers_.empty() || !stopped_) return;
  tick_.cancel();
  std::exchange(stopped_, nullptr)();
}

PoolStats WorkerPool::Impl::stats() const {
  PoolStats stats = totals_;
  const auto now = Clock::now();
  for (const WorkerPtr& worker : workers_) {
    using State = WorkerProcess::State;
    const char* state = worker->state == State::starting   ? "starting"
                        : worker->state == State::stopping ? "stopping"
                        : worker->frames.empty()           ? "idle"
                                                           : "busy";
    stats.workers.push_back(
        {worker->name, worker->pid(), state, worker->events_done,
         std::chrono::duration_cast<std::chrono::milliseconds>(now - worker->started),
         worker->memory_bytes()});
  }
  return stats;
}

}  // namespace pelton::worker
