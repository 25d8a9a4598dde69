// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/native.h"

#include "engine/worker/runtimes/interpreter.h"
#include "engine/worker/runtimes/native/native_session.h"
#include "engine/worker/runtimes/native/options.h"
#include "engine/worker/runtimes/python.h"

#include <csignal>
#include <utility>

namespace pelton::worker::native {
namespace {

// The package goes in front of everything, and nothing of it into the environment, which the
// function's own children inherit.
constexpr const char* kPythonStart =
    "import sys; sys.path[0] = sys.argv.pop(); from pelton.worker import main; sys.exit(main())";

Result<PreparedWorker> prepare_python(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const PythonOptions&>(setup.function.settings);
  const auto package = setup.sdks / "python";
  if (auto ok = require_package(package / "pelton" / "worker.py"); !ok)
    return std::unexpected(ok.error());
  LaunchPlan plan;
  plan.command = python_command(options.interpreter, setup.function);
  plan.command.insert(plan.command.end(), {"-c", kPythonStart, package.string()});
  plan.folder = options.code.string();
  plan.reads.push_back(package.string());
  plan.stack_signal = SIGRTMAX;  // worker.py
  return with_session(setup, std::move(plan), {options.code.string(), options.handler});
}

std::optional<ZygotePlan> zygote_of_python(const WorkerSetup& setup,
                                           const std::filesystem::path& state) {
  const auto& options = std::any_cast<const PythonOptions&>(setup.function.settings);
  return python_zygote(setup, state,
                       {"native", options.interpreter, options.code, options.handler,
                        worker_environment(setup.function.environment), options.zygote});
}

Result<PreparedWorker> prepare_cpp(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const CppOptions&>(setup.function.settings);
  LaunchPlan plan;
  plan.command = {options.code.string()};
  plan.folder = options.code.parent_path().string();
  return with_session(setup, std::move(plan), {options.code.string(), ""});
}

}  // namespace

Result<PreparedWorker> with_session(const WorkerSetup& setup, LaunchPlan plan,
                                    const codec::Handler& handler) {
  plan.environment.merge(worker_environment(setup.function.environment));
  plan.memory_bytes = setup.function.memory_bytes;
  auto session = std::make_unique<NativeSession>(setup, handler);
  if (auto ok = session->open(plan); !ok) return std::unexpected(ok.error());
  return PreparedWorker{std::move(plan), std::move(session)};
}

RuntimeSpec python() {
  return {python_options(), prepare_python, {}, zygote_of_python};
}

RuntimeSpec cpp() {
  return {cpp_options(), prepare_cpp};
}

}  // namespace pelton::worker::native
