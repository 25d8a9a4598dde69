// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/runtime_options.h"
#include "engine/worker/pool/session.h"
#include "engine/worker/process/process.h"
#include "engine/worker/sandbox/policy.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pelton::worker {

// What a worker is made for.
struct WorkerSetup {
  boost::asio::io_context& io;       // of the shard that it belongs to
  const config::Function& function;  // outlives the worker
  std::string name;                  // "thumbnail-3"
  std::filesystem::path sdks;        // folder of the packages that functions import: python/, node/
  sandbox::Places places{};
};

// A process that can be launched, and the session that will speak with it.
struct PreparedWorker {
  LaunchPlan plan;
  std::unique_ptr<Session> session;
};

// A process that the workers of a function can be copies of.
struct ZygotePlan {
  LaunchPlan launch;
  Duration keep{};  // after the function's last worker has ended
};

// Value. All that the engine knows of a kind of runtime. runtimes/builtin.cpp lists them.
struct RuntimeSpec {
  config::RuntimeOptions options;
  // Of a function whose settings are those of the options.
  std::function<Result<PreparedWorker>(const WorkerSetup&)> prepare;
  // How long a worker may take to be ready; empty: as long as the pool says.
  std::function<std::chrono::milliseconds(const config::Function&)> start_timeout{};
  // Absent, or answers nothing: each worker is a process of its own. `state`: folder for what the
  // zygote learns.
  std::function<std::optional<ZygotePlan>(const WorkerSetup&, const std::filesystem::path& state)>
      zygote{};
  // What its workers run in.
  ProcessMaker process = child_process;
};

}  // namespace pelton::worker
