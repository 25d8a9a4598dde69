// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/log_reader.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/config/load.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>

#include <chrono>
#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

// Between two looks at the files.
constexpr auto kLook = std::chrono::milliseconds(100);

struct LogsOptions {
  EngineAddress address;
  std::string format = "text";
  std::string function;
  std::string invocation;
  std::string since;
  bool follow = false;
};

// A time, or how long ago.
Result<WallTime> since_of(const std::string& word, WallTime now) {
  if (word.empty()) return WallTime{};
  if (const auto ago = parse_duration(word)) return now - *ago;
  const auto time = parse_time(word);
  if (!time)
    return fail(ErrorKind::invalid, "E5004",
                "--since {}: neither a time such as 2026-11-29T02:00:00Z nor how long ago, such as "
                "10m",
                observe::log::escaped(word));
  return *time;
}

std::string line_text(const json::object& line) {
  const std::string level = text_of(line, "level");
  const std::string event = text_of(line, "event");
  return fmt::format(
      "{} {:6} {}{}\n", text_of(line, "time"), level == "report" ? "" : level,
      event.empty() ? "" : observe::log::escaped(event) + ": ",
      level == "report" ? text_of(line, "text") : observe::log::escaped(text_of(line, "text")));
}

// Shows the lines that were asked for.
class Viewer {
 public:
  Viewer(const LogsOptions& options, WallTime since) : options_(options), since_(since) {}

  void show(std::string_view text) const {
    const auto line = parse_object(text);  // a torn one is none
    if (!line || !wanted(*line)) return;
    if (options_.format == "json")
      print("{}\n", text);
    else
      print("{}", line_text(*line));
  }

 private:
  bool wanted(const json::object& line) const {
    if (!options_.invocation.empty() && text_of(line, "invocation") != options_.invocation &&
        text_of(line, "event") != options_.invocation)
      return false;
    const auto time = parse_time(text_of(line, "time"));
    return since_ == WallTime{} || (time && *time >= since_);
  }

  const LogsOptions& options_;
  const WallTime since_;
};

Result<int> show_logs(const LogsOptions& options) {
  const auto socket = admin_socket(options.address, config::process_environment);
  if (!socket) return std::unexpected(socket.error());
  const auto since = since_of(options.since, SystemClock{}.now());
  if (!since) return std::unexpected(since.error());
  const Viewer viewer(options, *since);
  const auto show = [&](std::string_view line) { viewer.show(line); };
  LogReader reader(observe::function_log_files(socket->parent_path(), options.function));
  const bool silent = !reader.open();
  if (silent && options.follow)
    note("pelton: \"{}\" has not written anything yet; waiting\n",
         observe::log::escaped(options.function));
  if (silent && !options.follow)
    return fail(ErrorKind::invalid, "E5001", "no function named \"{}\" has written anything in {}",
                observe::log::escaped(options.function), socket->parent_path().string());
  reader.read(show);
  while (options.follow) {
    flush_out();
    std::this_thread::sleep_for(kLook);
    reader.read(show);
  }
  return kOk;
}

}  // namespace

void add_logs(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("logs", "what a function wrote, and a REPORT per invocation");
  auto options = std::make_shared<LogsOptions>();
  command->add_option("FUNCTION", options->function, "its name in the config file")
      ->required()
      ->check([](const std::string& name) {
        return name.contains('/') ? std::string("is not the name of a function") : std::string();
      });
  command->add_flag("-f,--follow", options->follow, "continue with new lines as they come");
  command->add_option("--invocation", options->invocation,
                      "only of this one: a request id, or an event as STREAM/PARTITION/OFFSET");
  command->add_option("--since", options->since, "from this time on, or how long ago, such as 10m");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "Reads the data folder: an engine need not run. `logs` of the function is how many bytes "
      "are\n"
      "kept.\n"
      "Example: pelton logs resize --follow --since 10m");
  command->callback([&chosen, options] { chosen = [options] { return show_logs(*options); }; });
}

}  // namespace pelton::cli
