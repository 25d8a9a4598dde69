// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/http.h"

#include "engine/worker/runtimes/http/http_session.h"
#include "engine/worker/runtimes/http/options.h"

#include <utility>

namespace pelton::worker::http {
namespace {

constexpr std::string_view kPort = "{port}";

Result<PreparedWorker> prepare(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const Options&>(setup.function.settings);
  auto session = std::make_unique<HttpSession>(setup, options);
  if (auto ok = session->choose_port(); !ok) return std::unexpected(ok.error());
  const std::string port = std::to_string(session->port());
  LaunchPlan plan;
  plan.command = command_of(options);
  for (std::string& word : plan.command)
    for (auto at = word.find(kPort); at != std::string::npos; at = word.find(kPort))
      word.replace(at, kPort.size(), port);
  plan.environment = worker_environment(setup.function.environment);
  // As Google's and Azure's hosts name it.
  for (const char* name : {"PORT", "FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"})
    plan.environment[name] = port;
  // Otherwise what a program in Python prints would come once there are 8 KiB of it.
  plan.environment.emplace("PYTHONUNBUFFERED", "1");
  plan.folder = folder_of(options).string();
  plan.memory_bytes = setup.function.memory_bytes;
  return PreparedWorker{std::move(plan), std::move(session)};
}

}  // namespace

RuntimeSpec runtime() {
  return {options(), prepare};
}

}  // namespace pelton::worker::http
