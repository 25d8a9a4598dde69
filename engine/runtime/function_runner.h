// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/http/invoke/call_queue.h"
#include "engine/observe/function_log.h"
#include "engine/runtime/binding_runner.h"
#include "engine/runtime/usage_meter.h"
#include "engine/worker/pool/worker_pool.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace pelton::runtime {

// One function: its worker pool, which serves the function's bindings in turn.
// Shard-confined but for the constructor.
class FunctionRunner {
 public:
  // The runtime, the meter and the log live longer.
  FunctionRunner(const config::Function& function, const worker::RuntimeSpec& runtime,
                 boost::asio::io_context& io, worker::PoolOptions options, UsageMeter& meter,
                 observe::FunctionLog& log);

  const config::Function& function() const { return function_; }
  // See WorkerPool::prove. E3001.
  void prove(std::function<void(Status)> done) { pool_.prove(std::move(done)); }
  void start() { pool_.start(); }
  // Its workers get the binding's events from now on.
  void serve(BindingRunner& binding);
  // ... and answer these calls.
  void serve(http::CallQueue& calls);
  void release(http::CallQueue& calls);
  // They get none any more; the binding is idle.
  void release(BindingRunner& binding);
  // Kills the workers that have events of the binding, which are the binding's again.
  void abandon(BindingRunner& binding) { pool_.abandon(binding); }
  // See WorkerPool::renew.
  void renew(Answer<std::size_t> done) { pool_.renew(std::move(done)); }
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
    pool_.stop(deadline, std::move(done));
  }
  worker::PoolStats stats() const { return pool_.stats(); }
  // Every second: what its workers have in memory, for what they use until the next.
  void measure_memory();

 private:
  void used(const worker::FrameSource* source, const model::Usage& usage);
  void wrote(const worker::WorkerLine& line);
  void reported(const worker::InvocationReport& report);

  const config::Function function_;
  UsageMeter& meter_;
  // What its bindings used; null: its workers before any binding.
  std::map<const worker::FrameSource*, model::Usage*> usage_;
  std::uint64_t memory_bytes_ = 0;  // of its largest worker
  observe::FunctionLog& log_;
  http::CallQueue* calls_ = nullptr;  // whose records get what its workers write
  worker::WorkerPool pool_;
};

}  // namespace pelton::runtime
