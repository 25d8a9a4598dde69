// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/runtime/binding_runner.h"
#include "engine/worker/pool/worker_pool.h"

#include <memory>
#include <vector>

namespace pelton::runtime {

// One function: its worker pool, which serves the function's bindings in turn.
// Shard-confined.
class FunctionRunner {
 public:
  FunctionRunner(const config::Function& function, std::vector<BindingRunner*> bindings,
                 boost::asio::io_context& io, worker::PoolOptions options,
                 worker::LineListener lines);

  void start() { pool_.start(); }
  void wake() { pool_.wake(); }
  // See WorkerPool::renew.
  std::size_t renew() { return pool_.renew(); }
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
    pool_.stop(deadline, std::move(done));
  }
  worker::PoolStats stats() const { return pool_.stats(); }
  const config::Function& function() const { return function_; }

 private:
  const config::Function& function_;
  worker::WorkerPool pool_;
};

}  // namespace pelton::runtime
