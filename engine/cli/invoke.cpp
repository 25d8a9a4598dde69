// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/event_input.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/sdk_folder.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/observe/log.h"
#include "engine/runtime/lone_function.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include <memory>

namespace pelton::cli {
namespace {

struct InvokeOptions {
  EngineAddress address;
  std::string format = "text";
  std::string function;
  EventInput event;
  std::vector<std::string> local;
  std::string timeout = "1h";
};

Result<std::string> ask_engine(const InvokeOptions& options, const InvokeBody& body) {
  auto client = Client::connect(options.address);
  if (!client && client.error().code == "E5006")
    client.error().message += "; or call the function without one: --local CONFIG";
  if (!client) return std::unexpected(client.error());
  return (*client)->post(
      fmt::format("/v1/functions/{}/invoke?form={}&timeout={}", url_encoded(options.function),
                  body.is_event ? "event" : "natural", url_encoded(options.timeout)),
      body.text);
}

std::vector<std::string> function_names(const config::Config& config) {
  std::vector<std::string> names;
  for (const config::Function& function : config.functions) names.push_back(function.name);
  return names;
}

Result<std::string> call_alone(const InvokeOptions& options, const config::Config& config,
                               InvokeBody&& body) {
  const config::Function* function = config.find_function(options.function);
  if (function == nullptr)
    return fail(ErrorKind::invalid, "E5001", "no function named \"{}\"{}",
                observe::log::escaped(options.function),
                config::did_you_mean(options.function, function_names(config)));
  using Form = http::OperatorCall::Form;
  return runtime::LoneFunction(*function, find_sdks())
      .call({options.function, body.is_event ? Form::event : Form::natural, std::move(body.text),
             std::chrono::steady_clock::now() + *parse_duration(options.timeout)});
}

void show_lines(const json::object& said) {
  if (const auto dropped = count_of(said, "lines_dropped"); dropped > 0)
    note("({} earlier lines are left out)\n", grouped(dropped));
  for (const json::value& line : list_of(said, "lines"))
    note("{}\n", observe::log::escaped(text_of(as_object(line), "text")));
  const json::object& report = object_of(said, "report");
  if (!report.empty()) note("{}\n", text_of(report, "line"));
}

void show_outputs(const json::object& said) {
  if (const json::value* response = said.if_contains("response"))
    return print("{}\n", json::serialize(*response));
  for (const json::value& output : list_of(said, "outputs")) print("{}\n", json::serialize(output));
}

void show_error(const std::string& function, const json::object& said) {
  const json::object& error = object_of(said, "error");
  const std::string message = text_of(error, "message");
  const auto first = message.substr(0, message.find('\n'));  // what follows are lines of its own
  note("pelton: function {} {}: {}{}\n", observe::log::escaped(function),
       text_of(said, "outcome") == "timeout" ? "timed out" : "failed",
       observe::log::escaped(text_of(error, "type")),
       first.empty() ? "" : ": " + observe::log::escaped(first));
  if (first.size() + 1 < message.size())
    note("{}", indented("  ", message.substr(first.size() + 1)));
  if (const std::string stack = text_of(error, "stack"); !stack.empty())
    note("{}", indented("  ", stack));
}

Result<int> show_answer(const InvokeOptions& options, const std::string& answer) {
  const auto said = parse_object(answer);
  if (!said) return std::unexpected(said.error());
  const bool done = text_of(*said, "outcome") == "done";
  if (options.format == "json") {
    print("{}", answer);
    return done ? kOk : kFailure;
  }
  show_lines(*said);
  if (done)
    show_outputs(*said);
  else
    show_error(options.function, *said);
  return done ? kOk : kFailure;
}

Result<int> invoke(const InvokeOptions& options) {
  if (const auto timeout = parse_duration(options.timeout); !timeout)
    return fail(ErrorKind::invalid, "E5004", "--timeout {}: {}",
                observe::log::escaped(options.timeout), timeout.error().message);
  std::optional<config::Config> config;
  if (!options.local.empty()) {
    config = load_or_complain({options.local.begin(), options.local.end()}, Warnings::hidden);
    if (!config) return kConfigInvalid;
  }
  auto body = read_event(options.event);
  if (!body) return std::unexpected(body.error());
  auto answer =
      config ? call_alone(options, *config, std::move(*body)) : ask_engine(options, *body);
  if (!answer) return std::unexpected(answer.error());
  return show_answer(options, *answer);
}

}  // namespace

void add_invoke(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("invoke", "call a function with one event, show what it does");
  auto options = std::make_shared<InvokeOptions>();
  command->add_option("FUNCTION", options->function, "its name in the config file")->required();
  add_event_input(*command, options->event);
  auto* local = command->add_option(
      "--local", options->local,
      "without an engine: start the function from this config file, call it, end it; may be "
      "repeated");
  local->allow_extra_args(false);
  command->add_option("--timeout", options->timeout, "how long to wait at most (default: 1h)");
  add_format(*command, options->format);
  add_address(*command, options->address);
  for (const char* name : {"--config", "--data", "--socket"})
    local->excludes(command->get_option(name));
  command->footer(
      "Standard output has what the function returns; its log lines, a REPORT line and its error\n"
      "go to standard error. Outputs go nowhere else, and there are no retries. Exit code 1 when\n"
      "it failed.\n"
      "Example: pelton event new s3:put --key cat.jpg | pelton invoke resize --event -\n"
      "         pelton invoke resize --event put.json --local pelton.yaml");
  command->callback([&chosen, options] { chosen = [options] { return invoke(*options); }; });
}

}  // namespace pelton::cli
