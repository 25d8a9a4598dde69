// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/pool_impl.h"

#include "engine/base/units.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {
namespace {

using boost::system::error_code;
constexpr auto kFirstBackoff = std::chrono::milliseconds(200);
constexpr auto kMaxBackoff = std::chrono::seconds(30);
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
  wake();
}

Launch WorkerPool::Impl::launch_options() const {
  Launch launch;
  launch.memory_bytes = function_.memory_bytes;
  launch.environment = worker_environment(function_.environment);
  if (function_.runtime == config::Runtime::python) {
    launch.command = {function_.interpreter, "-u", "-m", "pelton.worker"};
    launch.folder = function_.code.string();
    std::string& path = launch.environment["PYTHONPATH"];
    path = path.empty() ? options_.sdk_python : options_.sdk_python + ":" + path;
    launch.environment.emplace("PYTHONDONTWRITEBYTECODE", "1");
    // Else -m puts the folder of the code in front of the SDK: Python 3.11 and later.
    launch.environment["PYTHONSAFEPATH"] = "1";
  } else {
    launch.command = {function_.code.string()};
    launch.folder = function_.code.parent_path().string();
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
  back_off();
}

void WorkerPool::Impl::back_off() {
  const auto delay = std::min<Clock::duration>(
      kMaxBackoff, kFirstBackoff * (1 << std::min(failures_in_row_, 10U)));
  ++failures_in_row_;
  not_before_ = Clock::now() + delay;
  retry_.expires_at(not_before_);
  retry_.async_wait([this](const error_code& error) {
    if (!error) wake();
  });
}

// At most as many start at once as run already, so that a start costs at most half of what there
// is, and one that cannot start is tried alone.
bool WorkerPool::Impl::may_start() const {
  if (workers_.size() >= function_.scale.max) return false;
  const std::size_t starting = std::ranges::count_if(
      workers_, [](const WorkerPtr& w) { return w->state == WorkerProcess::State::starting; });
  const std::size_t most =
      failures_in_row_ > 0
          ? 1
          : std::max<std::size_t>({1, workers_.size() - starting, function_.scale.min});
  return starting < most && Clock::now() >= not_before_;
}

bool WorkerPool::Impl::wants_worker() {
  return workers_.size() < function_.scale.min || source_.has_work();
}

void WorkerPool::Impl::wake() {
  // Giving work makes commits, which may say that there is work.
  if (stopping_ || std::exchange(waking_, true)) return;
  for (std::size_t i = 0; i < workers_.size(); ++i) give_work(*workers_[i]);
  while (may_start() && wants_worker())
    if (!start_worker()) break;
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
  totals_.start_error.reset();
  if (worker.batch_handler) sizer_.take_frames_whole(function_.timeout);
  worker.idle_since = Clock::now();
  retire_if_due(worker);
  wake();
}

bool WorkerPool::Impl::answered(WorkerProcess& worker, FrameId frame, model::FrameResult&& result) {
  return source_.finished(worker.id, frame, std::move(result)).has_value();
}

void WorkerPool::Impl::moved_on(WorkerProcess& worker, std::uint32_t events,
                                std::chrono::nanoseconds time) {
  failures_in_row_ = 0;
  sizer_.measured(events, time);
  if (worker.frames.empty()) worker.idle_since = Clock::now();
  retire_if_due(worker);
  wake();
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
  // Owned by workers_ and by the handlers that still run for it: this call must outlive both.
  const std::shared_ptr<WorkerProcess> keep = worker.shared_from_this();
  totals_.cpu_us += worker.cpu_us();
  const model::WorkerLoss loss = worker.loss();
  worker.abandon();
  std::erase(workers_, keep);
  learn_from_end(worker, loss);
  if (!worker.frames.empty()) {
    report_loss(worker, loss);
    source_.lost(worker.id, loss);
  }
  if (stopping_) return check_stopped();
  wake();
}

void WorkerPool::Impl::report_loss(const WorkerProcess& worker, const model::WorkerLoss& loss) {
  if (loss.cause == "timeout") ++totals_.timed_out;
  if (loss.cause == "crash") ++totals_.crashed;
  lines_({function_.name,
          worker.name,
          WorkerLine::Stream::engine,
          fmt::format("ended ({}) with events in flight", loss.type),
          {}});
}

void WorkerPool::Impl::learn_from_end(const WorkerProcess& worker, const model::WorkerLoss& loss) {
  const auto with_lines = [&](const std::string& why) {
    return loss.message.empty() ? why : why + "\n" + loss.message;
  };
  if (!worker.start_error.empty()) return failed_to_start(with_lines(worker.start_error));
  if (worker.retiring || stopping_) return;
  if (!worker.was_ready)
    return failed_to_start(with_lines(fmt::format("ended ({}) before it was ready", loss.type)));
  // It never finished an event, and none is to blame: another would end the same way at once.
  if (worker.events_done == 0 && !loss.frame) back_off();
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
  for (const WorkerPtr& worker : workers_) {
    check_worker(*worker, now);
    worker->tell_dropped(now);
  }
  if (!stopping_) reap_idle(now);
  if (!workers_.empty()) arm_tick();
}

void WorkerPool::Impl::check_worker(WorkerProcess& worker, Clock::time_point now) {
  using State = WorkerProcess::State;
  if (worker.stuck(now, function_.timeout))
    return worker.kill("timeout", "timeout after " + format_duration(function_.timeout));
  if (worker.state == State::starting && now - worker.started >= options_.start_timeout) {
    worker.start_error = "not ready after " + format_duration(options_.start_timeout);
    return worker.kill("crash", worker.start_error);
  }
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

std::size_t WorkerPool::Impl::renew() {
  std::size_t ending = 0;
  const auto now = Clock::now();
  for (const WorkerPtr& worker : workers_) {
    if (std::exchange(worker->retiring, true)) continue;
    ++ending;
    worker->idle_since = now;
    retire_if_due(*worker);
  }
  failures_in_row_ = 0;
  not_before_ = {};
  wake();
  return ending;
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
