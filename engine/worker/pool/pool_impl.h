// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/timer.h"
#include "engine/worker/pool/restart_backoff.h"
#include "engine/worker/pool/scaling.h"
#include "engine/worker/pool/work_meter.h"
#include "engine/worker/pool/work_sources.h"
#include "engine/worker/pool/worker.h"
#include "engine/worker/pool/zygote_keeper.h"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <vector>

namespace pelton::worker {

// See worker_pool.h: brings together workers, sources and what scaling.h decides. One periodic
// timer does what needs no hurry: time-outs, idleness, memory, start time-outs.
class WorkerPool::Impl final : public WorkerEvents {
 public:
  Impl(boost::asio::io_context& io, const config::Function& function, const RuntimeSpec& runtime,
       std::vector<FrameSource*> sources, PoolOptions options, LineListener lines);

  void start();
  void wake();
  void prove(std::function<void(Status)> done);
  void add(FrameSource& source);
  void remove(const FrameSource& source) { sources_.remove(source); }
  void abandon(const FrameSource& source);
  void renew(Answer<std::size_t> done);
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  PoolStats stats() const;

 private:
  using Clock = std::chrono::steady_clock;
  // From renew() until its worker is ready or has ended.
  struct Renewal {
    WorkerId worker;  // the new one
    Answer<std::size_t> done;
  };

  void ready(Worker& worker, bool whole_frames) override;
  Status answered(Worker& worker, std::size_t source, FrameId frame,
                  model::FrameResult&& result) override;
  void moved_on(Worker& worker, std::size_t source, const Step& step) override;
  void gave_back(Worker& worker, std::size_t source, const Tail& tail, bool whole) override;
  void ended(Worker& worker) override;

  Crowd crowd() const;
  void prove_with(const Status& ready);
  void renewed(Result<std::size_t> ended);
  void start_missing();
  bool start_worker();
  void failed_to_start(WorkerId worker, const std::string& why);
  void back_off();
  void give_work(Worker& worker);
  bool wants_second(const Worker& worker) const;
  void recycle_if_due(Worker& worker, Clock::time_point now);
  void learn_from_end(const Worker& worker, const WorkerEnd& end);
  void account_for(const Worker& worker, const WorkerEnd& end);
  void tell(std::string_view worker, const std::string& text) const;
  bool shares_work() const { return function_.scale.max > 1; }
  Duration tick_span() const;
  void arm_tick();
  void tick(Clock::time_point due);
  void check_worker(Worker& worker, Clock::time_point now);
  void reap_idle(Clock::time_point now);
  void check_stopped();

  boost::asio::io_context& io_;
  const config::Function& function_;
  const RuntimeSpec& runtime_;
  const PoolOptions options_;
  const LineListener lines_;
  const WorkMeter meter_;
  WorkSources sources_;
  RestartBackoff backoff_;
  ZygoteKeeper zygotes_;  // outlives the workers, which wait for copies of it
  std::vector<std::unique_ptr<Worker>> workers_;
  // Of the next events so many go one at a time: a worker ended with several begun, and whoever
  // ends the next one is found out.
  std::uint64_t caution_ = 0;
  struct {
    thread::Timer timer;
    std::optional<Clock::time_point> due{};
  } tick_;
  thread::Timer retry_;  // of a failed start
  std::uint64_t next_id_ = 1;
  struct {
    bool under_way = false;
    Clock::time_point deadline{};
    std::function<void()> done;
  } end_;
  // From prove() to start(); empty once it is answered.
  std::optional<std::function<void(Status)>> proof_;
  std::optional<Renewal> renewal_;
  PoolStats totals_;
  struct {
    Histogram done, failed, timed_out;
  } durations_;
};

}  // namespace pelton::worker
