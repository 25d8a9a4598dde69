// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/options.h"

#include "engine/config/spec/fields.h"
#include "engine/worker/process/launch.h"
#include "engine/worker/runtimes/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::worker::http {
namespace {

using config::Fields;
using config::ReadContext;
using config::Section;

namespace fs = std::filesystem;

void problem(const Section& section, ReadContext& context, const char* option, const char* code,
             const std::string& why) {
  context.problems.error(section.place(option), code, fmt::format("{}: {}", option, why));
}

void check_command(const Section& section, ReadContext& context, const Options& options) {
  if (options.code.empty()) return;  // refused already
  std::error_code ignored;
  if (options.command.empty()) {
    if (is_executable(options.code)) return;
    if (fs::is_directory(options.code, ignored))
      return problem(section, context, "code", "E1014",
                     fmt::format("{} is a folder: `command` has to name the program that runs in "
                                 "it",
                                 options.code.string()));
    return problem(section, context, "code", "E1014",
                   fs::exists(options.code, ignored)
                       ? fmt::format("{} is not executable", options.code.string())
                       : fmt::format("{} does not exist", options.code.string()));
  }
  if (!fs::is_directory(options.code, ignored))
    return problem(section, context, "code", "E1014",
                   fs::exists(options.code, ignored)
                       ? fmt::format("{} is a file; with `command`, name the folder in which it "
                                     "runs",
                                     options.code.string())
                       : fmt::format("the folder {} does not exist", options.code.string()));
  const std::string program = command_of(options).front();
  if (find_program(program)) return;
  const bool line = options.command.size() == 1 && program.contains(' ');
  problem(section, context, "command", "E1014",
          fmt::format("the program {} is not there or not executable{}", program,
                      line ? "; a program and its arguments are a list" : ""));
}

// As it is sent, but for the names in braces.
bool good_path(std::string_view path) {
  return path.starts_with('/') &&
         std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

void check_paths(const Section& section, ReadContext& context, const Options& options) {
  const auto check = [&](const char* option, const std::optional<std::string>& path) {
    if (path && !good_path(*path))
      problem(section, context, option, "E1008",
              fmt::format("\"{}\" is not a path of ASCII characters that begins with /",
                          section.written(option)));
  };
  check("path", options.path);
  check("ready.path", options.ready_path);
}

void check(const Section& section, const std::string&, ReadContext& context, Options& options) {
  check_command(section, context, options);
  check_paths(section, context, options);
}

std::vector<config::FunctionFile> files_of(const Options& options) {
  return {{"code", options.code}};
}

Fields<Options> ready_fields() {
  return Fields<Options>("ready", "When a worker is ready for requests.")
      .option("path", &Options::ready_path,
              "Path that answers `GET` with a status from 200 to 299 once the worker is ready. "
              "Without it a worker that accepts connections is.",
              {.example = "/healthz"});
}

}  // namespace

std::vector<std::string> command_of(const Options& options) {
  if (options.command.empty()) return {options.code.string()};
  std::vector<std::string> command = options.command;
  if (command.front().contains('/')) command.front() = (options.code / command.front()).string();
  return command;
}

fs::path folder_of(const Options& options) {
  return options.command.empty() ? options.code.parent_path() : options.code;
}

config::RuntimeOptions options() {
  config::RuntimeOptions options = config::runtime_options(
      "http",
      "A program that serves HTTP: a functions framework, a custom handler, any web framework.",
      Fields<Options>("", "")
          .option("code", &Options::code,
                  "Folder in which `command` runs, or an executable if there is no `command`.",
                  {.required = true})
          .option("command", &Options::command,
                  "Program and arguments. A program with a slash in it is looked up in `code`. "
                  "`{port}` is replaced by the port on which it has to listen, which is also in "
                  "the environment variable `PORT`.",
                  {.example = "[node, server.js]"})
          .choice("event", &Options::event,
                  {{"cloudevents/binary", Shape::binary},
                   {"cloudevents/structured", Shape::structured},
                   {"raw", Shape::raw},
                   {"azure", Shape::azure}},
                  "What a request for an event of a binding looks like.")
          .option("path", &Options::path,
                  "Path of requests for events. `{function}`, `{binding}` and `{stream}` are "
                  "replaced. The default is `/`, with `event: azure` `/{function}`.",
                  {.example = "/events/{stream}"})
          .option("trigger", &Options::trigger,
                  "With `event: azure`, the member of `Data` that has the event: the name of the "
                  "trigger in the function's `function.json`.")
          .choice("outputs", &Options::outputs,
                  {{"any", Outputs::any},
                   {"cloudevents", Outputs::cloudevents},
                   {"none", Outputs::none}},
                  "Which answers with a body become output events: any, or CloudEvents only.")
          .option("concurrency", &Options::concurrency, "Requests that a worker has at once.",
                  {.at_least = "1", .at_most = "1000"})
          .section(ready_fields())
          .then(check),
      files_of);
  options.over_loopback = true;
  return options;
}

}  // namespace pelton::worker::http
