// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>

#include <memory>

namespace pelton::cli {
namespace {

struct FunctionsOptions {
  EngineAddress address;
  std::string format = "text";
  std::string function;
};

Result<int> restart(const FunctionsOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  auto answer = (*client)->post("/v1/functions/" + url_encoded(options.function) + "/restart", "");
  if (!answer) return std::unexpected(answer.error());
  if (options.format == "json") {
    print("{}", *answer);
    return kOk;
  }
  const auto said = parse_object(*answer);
  if (!said) return std::unexpected(said.error());
  const std::uint64_t workers = count_of(*said, "workers");
  if (workers == 0)
    print("{} has no worker; the next one will read the code as it is then\n", options.function);
  else
    print("{} runs the new code; {} old {} when their current events are done\n", options.function,
          grouped(workers), workers == 1 ? "worker ends" : "workers end");
  return kOk;
}

}  // namespace

void add_functions(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("functions", "giving functions new code");
  group->require_subcommand(1);
  group->footer("Example: pelton functions restart thumbnail");
  auto options = std::make_shared<FunctionsOptions>();
  auto* command = group->add_subcommand(
      "restart",
      "replace workers by new ones, with the code as it is now, once one has started; no event is "
      "disturbed");
  command->add_option("FUNCTION", options->function, "its name in the config file")->required();
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "Exit code 1 with the reason when a worker cannot start; the old ones then continue.\n"
      "Example: pelton functions restart thumbnail");
  command->callback([&chosen, options] { chosen = [options] { return restart(*options); }; });
}

}  // namespace pelton::cli
