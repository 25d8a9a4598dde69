// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/http/invoke/call_queue.h"
#include "engine/http/invoke/operator_call.h"
#include "engine/worker/pool/worker_pool.h"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <string>

namespace pelton::runtime {

// One function without an engine: one worker, started by the first call. All on one thread, which
// waits.
class LoneFunction {
 public:
  LoneFunction(config::Function function, const std::filesystem::path& sdks);
  ~LoneFunction();  // ends its worker
  LoneFunction(const LoneFunction&) = delete;
  LoneFunction& operator=(const LoneFunction&) = delete;

  // Waits for the answer: http::to_json(), and the errors of http::make_call().
  Result<std::string> call(http::OperatorCall&& wanted);

 private:
  const config::Function function_;
  boost::asio::io_context io_;
  thread::Mailbox mailbox_;
  http::CallQueue calls_;
  worker::WorkerPool pool_;
};

}  // namespace pelton::runtime
