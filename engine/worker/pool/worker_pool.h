// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/base/histogram.h"
#include "engine/config/parts/function.h"
#include "engine/model/usage.h"
#include "engine/worker/pool/frame_source.h"
#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/pool/worker_output.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::worker {

struct PoolOptions {
  std::filesystem::path sdks;  // folder of the packages that functions import: python/, node/
  // Folder of what is kept of the function beside its code, to start its workers sooner; empty:
  // nothing is, and each worker is a process of its own.
  std::filesystem::path state{};
  // For functions that are isolated, and what a look at what can be had has shown.
  sandbox::Places places{};
  std::optional<sandbox::Outcome> isolation{};
  // Called on the shard for each answer, with the source of its frame; null: for workers that
  // became ready. Memory is left to the listener.
  std::function<void(const FrameSource* source, const model::Usage&)> used =
      [](const FrameSource*, const model::Usage&) {};
  // Called on the shard before the outcome of an invocation is told: of functions that take
  // documents, and of watched frames.
  ReportListener reported = [](const InvocationReport&) {};
};

struct WorkerInfo {
  std::string name;  // "thumbnail-3": the function and the worker's id
  int pid = 0;
  std::string state;  // starting | idle | busy | stopping
  std::uint64_t events = 0;
  std::chrono::milliseconds age{};
  std::uint64_t memory_bytes = 0;
};

struct PoolStats {
  std::vector<WorkerInfo> workers;
  std::uint64_t started = 0, crashed = 0, timed_out = 0, recycled = 0, reaped = 0,
                start_failures = 0;
  // How long an event was with a worker. Of events that are answered together each has its share.
  HistogramCounts done, failed, timed_out_after;
  std::uint64_t cpu_us = 0;  // of all workers that have ended (children), for benches
  // The latest start failure while none has succeeded since, with the worker's last lines.
  std::optional<std::string> start_error;
  // Of a function that is isolated: what came of it.
  std::optional<sandbox::Outcome> isolation;
};

// The workers of one function: started on demand from scale.min up to scale.max, reaped after
// scale.idle, recycled, killed with everything they started on time-out, replaced with backoff.
// They serve the sources in turn; see WorkSources for how large frames are, and who gets one.
// Knows no protocol. Shard-confined: every method runs on the thread of `io`.
class WorkerPool {
 public:
  // All that is passed by reference or pointer outlives the pool, but for sources that are removed.
  WorkerPool(boost::asio::io_context& io, const config::Function& function,
             const RuntimeSpec& runtime, std::vector<FrameSource*> sources, PoolOptions options,
             LineListener lines);
  ~WorkerPool();  // kills what still runs
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void start();  // brings up scale.min workers
  // Work may have become available: idle workers pull, missing ones are started. Cheap when all are
  // busy.
  void wake();
  // Brings up one worker, before start(); answers once it is ready, or why it cannot start.
  void prove(std::function<void(Status)> done);
  // Serves one source more.
  void add(FrameSource& source);
  // Serves it no more: late answers of workers for its frames are dropped.
  void remove(const FrameSource& source);
  // Kills the workers that have frames of the source, which are lost with cause "engine".
  void abandon(const FrameSource& source);
  // For new code: brings up one worker more. Once that is ready, those that ran before get no more
  // frames and end once they have answered what they have; `done` is told how many. Where it cannot
  // start they stay, and `done` is told why (E3001). Without a worker there is nothing to replace:
  // 0 at once, and the next start waits for no backoff. E5060: a later renewal has taken its place;
  // E5013: the pool stops.
  void renew(Answer<std::size_t> done);
  // Pulls no more frames; calls `done` when frames in flight are answered, or at the deadline with
  // those workers killed and reported lost with cause "engine". Then every worker is told to end.
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done);
  PoolStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::worker
