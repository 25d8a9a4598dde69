// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/native.h"

#include "engine/worker/runtimes/native/native_session.h"

#include <utility>

namespace pelton::worker::native {
namespace {

// The package goes in front of everything, and nothing of it into the environment, which the
// function's own children inherit.
constexpr const char* kPythonStart =
    "import sys; sys.path[0] = sys.argv.pop(); from pelton.worker import main; sys.exit(main())";

Result<PreparedWorker> with_session(const WorkerSetup& setup, LaunchPlan plan) {
  plan.environment = worker_environment(setup.function.environment);
  plan.memory_bytes = setup.function.memory_bytes;
  auto session = std::make_unique<NativeSession>(setup);
  if (auto ok = session->open(plan); !ok) return std::unexpected(ok.error());
  return PreparedWorker{std::move(plan), std::move(session)};
}

Result<PreparedWorker> prepare_python(const WorkerSetup& setup) {
  const config::Function& function = setup.function;
  LaunchPlan plan;
  plan.command = {function.interpreter, "-u"};
  // Many workers, and often a folder that is not theirs to write to.
  if (!function.environment.contains("PYTHONDONTWRITEBYTECODE")) plan.command.emplace_back("-B");
  plan.command.insert(plan.command.end(), {"-c", kPythonStart, setup.sdk_python});
  plan.folder = function.code.string();
  return with_session(setup, std::move(plan));
}

Result<PreparedWorker> prepare_cpp(const WorkerSetup& setup) {
  LaunchPlan plan;
  plan.command = {setup.function.code.string()};
  plan.folder = setup.function.code.parent_path().string();
  return with_session(setup, std::move(plan));
}

}  // namespace

RuntimeSpec python() {
  return {"python", "A module of Python 3.9 or later.", prepare_python};
}

RuntimeSpec cpp() {
  return {"cpp", "An executable that is linked with the C++ SDK.", prepare_cpp};
}

}  // namespace pelton::worker::native
