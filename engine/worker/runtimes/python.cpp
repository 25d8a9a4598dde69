// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/python.h"

#include <utility>

namespace pelton::worker {
namespace {

namespace fs = std::filesystem;

// In a worker, main() returns what it is to run, so that nothing of the zygote is in its stacks.
constexpr const char* kStart =
    "import sys; sys.path[0] = sys.argv.pop(1); from pelton.zygote import main; sys.exit(main()())";

}  // namespace

std::vector<std::string> python_command(const std::string& interpreter,
                                        const config::Function& function) {
  std::vector<std::string> command{interpreter, "-u"};
  // Many workers, and often a folder that is not theirs to write to.
  if (!function.environment.contains("PYTHONDONTWRITEBYTECODE")) command.emplace_back("-B");
  return command;
}

std::optional<ZygotePlan> python_zygote(const WorkerSetup& setup, const fs::path& state,
                                        PythonZygote zygote) {
  const fs::path package = setup.sdks / "python";
  std::error_code ignored;
  if (zygote.keep <= Duration::zero() ||
      !fs::exists(package / "pelton" / "_zygote.abi3.so", ignored))
    return std::nullopt;
  ZygotePlan plan;
  plan.keep = zygote.keep;
  plan.launch.command = python_command(zygote.interpreter, setup.function);
  plan.launch.command.insert(plan.launch.command.end(),
                             {"-c", kStart, package.string(), zygote.kind, zygote.code.string(),
                              zygote.handler, fs::absolute(state).string()});
  plan.launch.environment = std::move(zygote.environment);
  plan.launch.folder = zygote.code.string();
  plan.launch.reads = {package.string()};
  plan.launch.memory_bytes = setup.function.memory_bytes;
  return plan;
}

}  // namespace pelton::worker
