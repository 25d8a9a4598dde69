// SPDX-License-Identifier: Apache-2.0
// pelton bindings pause, pelton bindings resume.
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>

#include <memory>

namespace pelton::cli {
namespace {

struct PauseOptions {
  EngineAddress address;
  std::string format = "text";
  std::string binding;
  std::string action;  // pause | resume
};

Result<int> pause(const PauseOptions& options) {
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  auto answer =
      (*client)->post("/v1/bindings/" + url_encoded(options.binding) + "/" + options.action, "");
  if (!answer) return std::unexpected(answer.error());
  if (options.format == "json")
    print("{}", *answer);
  else if (options.action == "pause")
    print("{} is paused until `pelton bindings resume {}`; events that workers have are finished\n",
          options.binding, options.binding);
  else
    print("{} is resumed\n", options.binding);
  return kOk;
}

void add_action(CLI::App& group, Run& chosen, const std::string& action, const std::string& about) {
  auto options = std::make_shared<PauseOptions>();
  options->action = action;
  auto* command = group.add_subcommand(action, about);
  command->add_option("BINDING", options->binding, "name of the binding or sink")->required();
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton bindings " + action + " thumbnails");
  command->callback([&chosen, options] { chosen = [options] { return pause(*options); }; });
}

}  // namespace

void add_pause(CLI::App& bindings, Run& chosen) {
  add_action(bindings, chosen, "pause",
             "give the function no more events of this binding until it is resumed, also after a "
             "restart of the engine");
  add_action(bindings, chosen, "resume", "continue a binding that was paused");
}

}  // namespace pelton::cli
