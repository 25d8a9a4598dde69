// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/status_check.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr auto kLookEvery = std::chrono::milliseconds(100);
// The last look is one that an engine in good health answers.
constexpr Client::Patience kShortestPatience = std::chrono::milliseconds(200);

struct WaitOptions {
  EngineAddress address;
  std::string format = "text";
  bool ready = false;
  std::vector<std::string> settled;  // bindings
  std::string timeout = "1m";
};

Result<std::vector<std::string>> look(const WaitOptions& options, SteadyTime end) {
  const auto left = std::chrono::ceil<Client::Patience>(end - std::chrono::steady_clock::now());
  const auto client = Client::connect(options.address, std::max(left, kShortestPatience));
  if (!client) return std::unexpected(client.error());
  const auto answer = (*client)->get("/v1/status");
  if (!answer) return std::unexpected(answer.error());
  const auto status = parse_object(*answer);
  if (!status) return std::unexpected(status.error());
  return options.ready ? reasons_not_ready(*status) : reasons_not_settled(*status, options.settled);
}

// An engine that does not answer yet may still be starting; all other errors are final.
bool passing(const Error& error) {
  return error.code == "E5006";
}

void print_done(const WaitOptions& options) {
  if (options.format != "json") return;
  json::object done;
  if (options.ready)
    done["ready"] = true;
  else
    done["settled"] = json::array(options.settled.begin(), options.settled.end());
  print("{}\n", json::serialize(done));
}

Result<int> wait(const WaitOptions& options) {
  if (options.ready == !options.settled.empty())
    return fail(ErrorKind::invalid, "E5004", "give either --ready or --settled BINDING");
  const auto timeout = parse_duration(options.timeout);
  if (!timeout)
    return fail(ErrorKind::invalid, "E5004", "--timeout {}: {}", options.timeout,
                timeout.error().message);
  const SteadyTime end = std::chrono::steady_clock::now() + *timeout;
  for (;;) {
    const auto reasons = look(options, end);
    if (reasons && reasons->empty()) {
      print_done(options);
      return kOk;
    }
    if (!reasons && !passing(reasons.error())) return std::unexpected(reasons.error());
    if (std::chrono::steady_clock::now() >= end) {
      if (!reasons) return std::unexpected(reasons.error());
      return fail(ErrorKind::unavailable, "E5021", "not {} after {}: {}",
                  options.ready ? "ready" : "settled", options.timeout, fmt::join(*reasons, "; "));
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace

void add_wait(CLI::App& app, Run& chosen) {
  auto* command =
      app.add_subcommand("wait", "wait until the engine is ready, or until bindings have no lag");
  auto options = std::make_shared<WaitOptions>();
  command->add_flag("--ready", options->ready, "until the engine runs and is ready");
  command->add_option("--settled", options->settled,
                      "until every event of this binding or sink is done or a dead letter; several "
                      "may be given");
  command->add_option("--timeout", options->timeout, "how long at most, such as 30s or 5m");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "Exit code 1 after the time-out, 4 when no engine answers by then.\nExample: pelton wait "
      "--settled make-thumbnails");
  command->callback([&chosen, options] { chosen = [options] { return wait(*options); }; });
}

}  // namespace pelton::cli
