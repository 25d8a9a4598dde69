// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/pool/frame_sizer.h"
#include "engine/worker/process/worker_process.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

namespace pelton::worker {

// See worker_pool.h. One periodic timer does what needs no hurry: time-outs, idleness, memory,
// start time-outs.
class WorkerPool::Impl final : public WorkerEvents {
 public:
  Impl(boost::asio::io_context& io, const config::Function& function, WorkSource& source,
       PoolOptions options, LineListener lines);
  ~Impl() override;

  void start();
  void wake();
  std::size_t renew();
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  PoolStats stats() const;

  void ready(WorkerProcess& worker) override;
  bool answered(WorkerProcess& worker, FrameId frame, model::FrameResult&& result) override;
  void moved_on(WorkerProcess& worker, std::uint32_t events,
                std::chrono::nanoseconds time) override;
  void ended(WorkerProcess& worker) override;

 private:
  using Clock = std::chrono::steady_clock;
  // Shared with the operations that the process has under way.
  using WorkerPtr = std::shared_ptr<WorkerProcess>;

  Launch launch_options() const;
  bool start_worker();
  void failed_to_start(const std::string& why);
  void back_off();
  bool may_start() const;
  bool wants_worker();
  void give_work(WorkerProcess& worker);
  void retire_if_due(WorkerProcess& worker);
  void report_loss(const WorkerProcess& worker, const model::WorkerLoss& loss);
  void learn_from_end(const WorkerProcess& worker, const model::WorkerLoss& loss);
  void arm_tick();
  void tick();
  void check_worker(WorkerProcess& worker, Clock::time_point now);
  void reap_idle(Clock::time_point now);
  void check_stopped();

  boost::asio::io_context& io_;
  const config::Function& function_;
  WorkSource& source_;
  const PoolOptions options_;
  const LineListener lines_;
  std::vector<WorkerPtr> workers_;
  FrameSizer sizer_;
  boost::asio::steady_timer tick_;
  bool ticking_ = false;
  boost::asio::steady_timer retry_;    // of a failed start
  Clock::time_point not_before_{};     // no start before this
  std::uint32_t failures_in_row_ = 0;  // since a worker last finished something
  std::uint64_t next_id_ = 1;
  bool waking_ = false;
  bool stopping_ = false;
  Clock::time_point deadline_{};
  std::function<void()> stopped_;
  PoolStats totals_;
};

}  // namespace pelton::worker
