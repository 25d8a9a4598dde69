// SPDX-License-Identifier: Apache-2.0
// pelton bindings forget, pelton streams forget.
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <memory>

namespace pelton::cli {
namespace {

struct ForgetOptions {
  EngineAddress address;
  std::string group;  // bindings | streams
  std::string name;
  std::string format = "text";
  bool yes = false;
};

Result<int> forget(const ForgetOptions& options) {
  if (!options.yes && !terminal(STDIN_FILENO))
    return fail(ErrorKind::invalid, "E5004",
                "this deletes what is stored of {} for good; add --yes if that is intended",
                options.name);
  if (!options.yes && !confirm("Delete what is stored of " + options.name + " for good?"))
    return kFailure;
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  auto answer =
      (*client)->post("/v1/" + options.group + "/" + url_encoded(options.name) + "/forget", "");
  if (!answer) return std::unexpected(answer.error());
  const auto said = parse_object(*answer);
  if (!said) return std::unexpected(said.error());
  const bool configured = flag_of(*said, "configured");
  if (options.format == "json")
    print("{}\n",
          json::serialize(json::object{{"forgotten", options.name}, {"configured", configured}}));
  else if (configured)
    print(
        "{} is configured and keeps its state; its progress on streams that it no longer reads "
        "was deleted\n",
        options.name);
  else
    print("{} is forgotten\n", options.name);
  return kOk;
}

CLI::App& add_command(CLI::App& app, Run& chosen, const std::string& name, const std::string& about,
                      const std::string& what) {
  auto* group = app.add_subcommand(name, about);
  group->require_subcommand(1);
  group->footer("Example: pelton " + name + " forget old-name --yes");
  auto options = std::make_shared<ForgetOptions>();
  options->group = name;
  auto* command = group->add_subcommand("forget", what);
  command->add_option("NAME", options->name, "its name in the config file")->required();
  command->add_flag("--yes", options->yes, "do not ask");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton " + name + " forget old-name --yes");
  command->callback([&chosen, options] { chosen = [options] { return forget(*options); }; });
  return *group;
}

}  // namespace

void add_forget(CLI::App& app, Run& chosen) {
  CLI::App& bindings = add_command(
      app, chosen, "bindings", "pause and resume bindings; what is stored of them",
      "delete progress, retries, idempotency records and dead letters of a binding that is no "
      "longer configured; of one that is, its progress on streams that it does not read");
  add_pause(bindings, chosen);
  add_command(app, chosen, "streams", "what is stored of streams",
              "delete the events of a stream that is no longer configured");
}

}  // namespace pelton::cli
