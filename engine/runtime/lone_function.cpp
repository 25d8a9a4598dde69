// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lone_function.h"

#include "engine/base/ensure.h"
#include "engine/worker/runtimes/builtin.h"

#include <optional>
#include <utility>

namespace pelton::runtime {
namespace {

// A worker that does not end by itself is killed then.
constexpr auto kEndTime = std::chrono::seconds(2);

config::Function alone(config::Function function) {
  function.scale.min = 0;
  function.scale.max = 1;
  return function;
}

worker::PoolOptions options_of(const std::filesystem::path& sdks, http::CallQueue& calls) {
  worker::PoolOptions options;
  options.sdks = sdks;
  options.places.launcher = worker::sandbox::launcher_in(sdks);
  options.reported = [&calls](const worker::InvocationReport& report) { calls.reported(report); };
  return options;
}

}  // namespace

LoneFunction::LoneFunction(config::Function function, const std::filesystem::path& sdks)
    : function_(alone(std::move(function))),
      mailbox_(io_),
      calls_(mailbox_, io_),
      pool_(io_, function_, worker::builtin_runtime(function_.runtime), {&calls_},
            options_of(sdks, calls_),
            [this](const worker::WorkerLine& line) { calls_.wrote(line); }) {
  calls_.on_work([this] { pool_.wake(); });
}

LoneFunction::~LoneFunction() {
  calls_.on_work(nullptr);
  calls_.close();
  bool stopped = false;
  pool_.stop(std::chrono::steady_clock::now() + kEndTime, [&] { stopped = true; });
  io_.restart();
  while (!stopped && io_.run_one() > 0) {
  }
}

Result<std::string> LoneFunction::call(http::OperatorCall&& wanted) {
  std::optional<Result<http::OperatorAnswer>> answer;
  auto call = http::make_call(std::move(wanted), function_.takes_documents, SystemClock{}.now(),
                              [&](Result<http::OperatorAnswer> said) { answer = std::move(said); });
  if (!call) return std::unexpected(call.error());
  calls_.push(std::move(*call));
  io_.restart();
  while (!answer && io_.run_one() > 0) {
  }
  ENSURE(answer, "a call of function {} has no answer", function_.name);
  if (!*answer) return std::unexpected(answer->error());
  return http::to_json(**answer) + "\n";
}

}  // namespace pelton::runtime
