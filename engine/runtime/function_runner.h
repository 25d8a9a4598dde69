// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/runtime/binding_runner.h"
#include "engine/worker/pool/worker_pool.h"

#include <functional>
#include <memory>

namespace pelton::runtime {

// One function: its worker pool, which serves the function's bindings in turn.
// Shard-confined but for the constructor.
class FunctionRunner {
 public:
  FunctionRunner(const config::Function& function, boost::asio::io_context& io,
                 worker::PoolOptions options, worker::LineListener lines);

  const config::Function& function() const { return function_; }
  // See WorkerPool::prove. E3001.
  void prove(std::function<void(Status)> done) { pool_.prove(std::move(done)); }
  void start() { pool_.start(); }
  // Its workers get the binding's events from now on.
  void serve(BindingRunner& binding);
  // They get none any more; the binding is idle.
  void release(BindingRunner& binding);
  // Kills the workers that have events of the binding, which are the binding's again.
  void abandon(BindingRunner& binding) { pool_.abandon(binding); }
  // See WorkerPool::renew.
  std::size_t renew() { return pool_.renew(); }
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
    pool_.stop(deadline, std::move(done));
  }
  worker::PoolStats stats() const { return pool_.stats(); }

 private:
  const config::Function function_;
  worker::WorkerPool pool_;
};

}  // namespace pelton::runtime
