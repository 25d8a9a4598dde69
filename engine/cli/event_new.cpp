// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/event_input.h"
#include "engine/cli/json.h"
#include "engine/cli/json_layout.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/observe/log.h"
#include "engine/runtime/sample_event.h"

#include <CLI/App.hpp>
#include <boost/json/parse.hpp>

#include <memory>

namespace pelton::cli {
namespace {

struct Option {
  const char* name;
  const char* what;
};
constexpr Option kOptions[] = {
    {"bucket", "bucket (pictures)"},
    {"key", "key of the object (cat.jpg), record or event"},
    {"size", "bytes of the object (1024)"},
    {"topic", "topic (orders)"},
    {"queue", "queue (orders)"},
    {"stream", "stream (orders)"},
    {"table", "table (orders)"},
    {"name", "name of the rule (nightly)"},
    {"method", "method of the request (GET)"},
    {"path", "its path (/hello)"},
    {"query", "its query, such as a=1&b=2"},
    {"route", "path of the route with its parameters, such as /users/{id}"},
    {"type", "type of the event"},
    {"subject", "subject of the event"},
    {"data", "data, body or detail"},
};

struct EventOptions {
  std::string kind;
  std::map<std::string, std::string> values;
  EventAttributes attributes;
  std::uint32_t count = 1;
  bool compact = false;
};

// Only those that were given.
Result<runtime::SampleWishes> wishes_of(const CLI::App& command, const EventOptions& options) {
  runtime::SampleWishes wishes;
  for (const Option& option : kOptions)
    if (command.count(std::string("--") + option.name) > 0)
      wishes.options[option.name] = options.values.at(option.name);
  for (const std::string& header : options.attributes.headers) {
    const auto named = split_header(header);
    if (!named) return std::unexpected(named.error());
    wishes.headers.push_back(*named);
  }
  wishes.count = options.count;
  return wishes;
}

Result<int> show_event(const CLI::App& command, const EventOptions& options) {
  const auto wishes = wishes_of(command, options);
  if (!wishes) return std::unexpected(wishes.error());
  const auto event = runtime::sample_event(options.kind, *wishes, SystemClock{}.now());
  if (!event) return std::unexpected(event.error());
  print("{}\n", options.compact ? *event : laid_out(json::parse(*event)));
  return kOk;
}

std::string kinds_text() {
  std::string text = "Types:\n";
  for (const runtime::SampleKind& kind : runtime::sample_kinds())
    text += fmt::format("  {:12} {} [{}]\n", kind.name, kind.what, kind.options);
  return text;
}

}  // namespace

void add_event(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("event", "example events for `pelton invoke`");
  group->require_subcommand(1);
  auto* command = group->add_subcommand("new", "print an example event");
  auto options = std::make_shared<EventOptions>();
  command->add_option("TYPE", options->kind, "which, see below")->required();
  for (const Option& option : kOptions)
    command->add_option(std::string("--") + option.name, options->values[option.name], option.what);
  add_header_option(*command, options->attributes, ", a header");
  command->add_option("--count", options->count, "records of a batch (1)")
      ->check(CLI::Range(1, 10'000));
  command->add_flag("--compact", options->compact, "on one line");
  const std::string example =
      "Example: pelton event new s3:put --bucket pictures --key cat.jpg | pelton invoke resize "
      "--event -";
  group->footer(example);
  command->footer(kinds_text() +
                  "Documents are those that functions for AWS Lambda receive; `event` is for "
                  "native ones.\n" +
                  example);
  command->callback([&chosen, command, options] {
    chosen = [command, options] { return show_event(*command, *options); };
  });
}

}  // namespace pelton::cli
