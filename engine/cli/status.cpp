// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/status_check.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <unistd.h>

#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

// A health check has to end before whoever runs it gives up on it.
constexpr auto kCheckPatience = std::chrono::seconds(5);

struct StatusOptions {
  EngineAddress address;
  std::string format = "text";
  bool watch = false;
  bool check = false;
};

std::string streams(const json::array& list) {
  Table table({"STREAM", "PARTITIONS", "EVENTS", "STORED", "RATE"});
  for (const json::value& value : list) {
    const json::object& stream = as_object(value);
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    for (const json::value& p : list_of(stream, "partitions")) {
      events += count_of(as_object(p), "end") - count_of(as_object(p), "earliest");
      bytes += count_of(as_object(p), "bytes");
    }
    table.add({text_of(stream, "name"), std::to_string(list_of(stream, "partitions").size()),
               grouped(events), size_text(bytes),
               rate_text(real_of(stream, "appended_per_second"))});
  }
  return table.text();
}

// Only some sources know how far behind they are.
std::string lag_of(const json::object& connector) {
  const json::value* lag = connector.if_contains("lag_events");
  if (lag != nullptr && !lag->is_null()) return grouped(count_of(connector, "lag_events"));
  const json::value* bytes = connector.if_contains("lag_bytes");
  if (bytes != nullptr && !bytes->is_null()) return size_text(count_of(connector, "lag_bytes"));
  const json::value* seconds = connector.if_contains("lag_seconds");
  return seconds == nullptr || seconds->is_null()
             ? ""
             : grouped(count_of(connector, "lag_seconds")) + " s";
}

// The next slots of those connectors that are schedules.
std::string schedules(const json::array& list) {
  Table table({"SCHEDULE", "LAST SLOT", "NEXT SLOT", "MISSED", "OVERLAPPED"});
  bool any = false;
  for (const json::value& value : list) {
    const json::object& c = as_object(value);
    if (text_of(c, "type") != "schedule") continue;
    any = true;
    const json::value* skipped = c.if_contains("skipped_slots");
    const json::object none;
    const json::object& slots = skipped == nullptr ? none : as_object(*skipped);
    table.add({text_of(c, "name"), text_of(c, "last_slot"), text_of(c, "next_slot"),
               grouped(count_of(slots, "missed")), grouped(count_of(slots, "overlap"))});
  }
  return any ? "\n" + table.text() : "";
}

std::string connectors(const json::array& list) {
  Table table({"CONNECTOR", "TYPE", "STREAM", "STATE", "EVENTS", "LAG", "ERRORS", "LAST ERROR"});
  for (const json::value& value : list) {
    const json::object& c = as_object(value);
    table.add({text_of(c, "name"), text_of(c, "type") + " " + text_of(c, "direction"),
               text_of(c, "stream"), text_of(c, "state"), grouped(count_of(c, "events")), lag_of(c),
               grouped(count_of(c, "errors")), text_of(c, "last_error")});
  }
  return table.text();
}

std::string bindings(const json::array& list) {
  Table table({"BINDING", "FUNCTION", "STREAM", "DONE", "FILTERED", "RATE", "LAG", "OLDEST",
               "IN FLIGHT", "RETRYING", "WAITING", "DEAD LETTERS"});
  for (const json::value& value : list) {
    const json::object& b = as_object(value);
    std::uint64_t lag = 0, in_flight = 0, retrying = 0, waiting = 0;
    double oldest = 0;
    for (const json::value& item : list_of(b, "partitions")) {
      const json::object& p = as_object(item);
      lag += count_of(p, "lag_events");
      in_flight += count_of(p, "in_flight");
      retrying += count_of(p, "retrying");
      waiting += count_of(p, "waiting");
      oldest = std::max(oldest, real_of(p, "lag_seconds"));
    }
    const std::string function = text_of(b, "function");
    table.add({text_of(b, "name"), function.empty() ? "(sink)" : function, text_of(b, "stream"),
               grouped(count_of(b, "done")), grouped(count_of(b, "filtered")),
               rate_text(real_of(b, "done_per_second")), grouped(lag),
               lag == 0 ? "-" : age_text(oldest), grouped(in_flight), grouped(retrying),
               grouped(waiting), grouped(count_of(b, "dead_letters"))});
  }
  return table.text();
}

std::string parked(const json::array& list) {
  Table table({"PARKED KEY", "BINDING", "PARTITION", "OFFSET", "ATTEMPTS", "NEXT", "LAST ERROR"});
  bool any = false;
  for (const json::value& value : list)
    for (const json::value& item : list_of(as_object(value), "parked")) {
      const json::object& k = as_object(item);
      table.add({shortened(text_of(k, "key"), 40), text_of(as_object(value), "name"),
                 std::to_string(count_of(k, "partition")), std::to_string(count_of(k, "offset")),
                 std::to_string(count_of(k, "attempts")), text_of(k, "next"),
                 shortened(text_of(k, "last_error"), 100)});
      any = true;
    }
  return any ? "\n" + table.text() : "";
}

std::string missing_isolation(const json::object& function) {
  const json::value* const isolation = function.if_contains("isolation");
  if (isolation == nullptr || !isolation->is_object()) return "";
  std::string text;
  for (const json::value& value : list_of(isolation->get_object(), "missing")) {
    const json::object& part = as_object(value);
    text += fmt::format("\n  {} ({})", text_of(part, "part"), text_of(part, "reason"));
  }
  if (text.empty()) return "";
  return painted(Paint::alarm, fmt::format("\nfunction {} is not isolated in every way:",
                                           text_of(function, "name"))) +
         text + "\n";
}

std::string functions(const json::array& list) {
  Table table({"FUNCTION", "WORKER", "PID", "STATE", "EVENTS", "AGE", "MEMORY"});
  std::string problems;
  for (const json::value& value : list) {
    const json::object& f = as_object(value);
    const json::array& workers = list_of(f, "workers");
    if (workers.empty()) table.add({text_of(f, "name"), "-", "", "none: no work", "", "", ""});
    for (const json::value& item : workers) {
      const json::object& w = as_object(item);
      table.add({text_of(f, "name"), text_of(w, "name"), std::to_string(integer_of(w, "pid")),
                 text_of(w, "state"), grouped(count_of(w, "events")),
                 age_text(real_of(w, "age_seconds")), size_text(count_of(w, "memory_bytes"))});
    }
    problems += missing_isolation(f);
    const std::string error = text_of(f, "start_error");
    if (!error.empty())
      problems += painted(Paint::alarm,
                          fmt::format("\nfunction {} cannot start a worker:", text_of(f, "name"))) +
                  "\n" + indented("  ", error);
  }
  return table.text() + problems;
}

// The file, since when it is in service, and that the last reload was not applied.
std::string config_line(const json::object& status) {
  const json::object& config = object_of(status, "config_status");
  std::string line = fmt::format("{} (generation {}, loaded {})", text_of(status, "config"),
                                 count_of(config, "generation"), text_of(config, "loaded"));
  if (const std::string error = text_of(config, "last_error"); !error.empty())
    line += "\n  " + painted(Paint::alarm, "the last reload was not applied: ") +
            observe::log::escaped(error);
  return line;
}

// How much of engine.memory is taken, and by what.
std::string memory_line(const json::object& status) {
  const json::object& memory = object_of(status, "memory");
  std::uint64_t total = 0;
  std::string holders;
  for (const auto& [name, value] : object_of(memory, "holders")) {
    const std::uint64_t bytes = count_of(object_of(memory, "holders"), name);
    total += bytes;
    if (bytes == 0) continue;
    holders +=
        fmt::format("{}{} {}", holders.empty() ? ": " : ", ", std::string(name), size_text(bytes));
  }
  return fmt::format("{} of {}{}", size_text(total), size_text(count_of(memory, "limit")), holders);
}

std::string render(const json::object& status) {
  std::string out =
      fmt::format("engine {} (pid {}), {}{}\nconfig {}\ndata   {}\nmemory {}\n",
                  text_of(status, "version"), integer_of(status, "pid"), text_of(status, "state"),
                  flag_of(status, "ready") ? ", ready" : painted(Paint::alarm, ", NOT ready"),
                  config_line(status), text_of(status, "data"), memory_line(status));
  for (const json::value& reason : list_of(status, "not_ready"))
    out += fmt::format("  not ready: {}\n",
                       reason.is_string() ? observe::log::escaped(reason.get_string()) : "");
  // Topics are not the engine's: what is to be said of them stands with their bindings.
  if (!list_of(status, "streams").empty()) out += "\n" + streams(list_of(status, "streams"));
  if (!list_of(status, "connectors").empty())
    out +=
        "\n" + connectors(list_of(status, "connectors")) + schedules(list_of(status, "connectors"));
  if (!list_of(status, "bindings").empty()) out += "\n" + bindings(list_of(status, "bindings"));
  for (const json::value& b : list_of(status, "bindings")) {
    const json::object& binding = as_object(b);
    if (const std::string why = text_of(binding, "stopped"); !why.empty())
      out += painted(Paint::alarm, "  STOPPED: " + observe::log::escaped(why)) + "\n";
    if (const std::string why = text_of(binding, "paused"); !why.empty())
      out += painted(Paint::alarm, fmt::format("  {} is paused: {}", text_of(binding, "name"),
                                               observe::log::escaped(why))) +
             "\n";
    if (flag_of(binding, "paused_by_operator"))
      out += painted(Paint::alarm, fmt::format("  {0} is paused by an operator; `pelton bindings "
                                               "resume {0}` continues it",
                                               text_of(binding, "name"))) +
             "\n";
    if (const std::string what = text_of(binding, "trouble"); !what.empty())
      out += fmt::format("  {}: {}\n", text_of(binding, "name"), observe::log::escaped(what));
  }
  out += parked(list_of(status, "bindings"));
  if (!list_of(status, "functions").empty()) out += "\n" + functions(list_of(status, "functions"));
  return out;
}

Result<int> show(Client& client, const StatusOptions& options) {
  auto answer = client.get("/v1/status");
  if (!answer) return std::unexpected(answer.error());
  if (options.format == "json") {
    print("{}", *answer);
    flush_out();
    return kOk;
  }
  const auto status = parse_object(*answer);
  if (!status) return std::unexpected(status.error());
  if (options.watch && terminal(STDOUT_FILENO)) print("\x1b[H\x1b[2J");
  print("{}", render(*status));
  flush_out();
  return kOk;
}

// For scripts: an exit code, and the reasons where it is not 0.
Result<int> check(Client& client, const StatusOptions& options) {
  auto answer = client.get("/v1/status");
  if (!answer) return std::unexpected(answer.error());
  const auto status = parse_object(*answer);
  if (!status) return std::unexpected(status.error());
  const auto reasons = reasons_not_ready(*status);
  if (!reasons.empty())
    return fail(ErrorKind::unavailable, "E5021", "not ready: {}", fmt::join(reasons, "; "));
  print("{}\n", options.format == "json" ? R"({"ready":true})" : "ready");
  return kOk;
}

Result<int> status(const StatusOptions& options) {
  auto client =
      Client::connect(options.address, options.check ? kCheckPatience : Client::kPatience);
  if (!client) return std::unexpected(client.error());
  if (options.check) return check(**client, options);
  for (;;) {
    if (const auto code = show(**client, options); !code || !options.watch) return code;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

void add_status(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand(
      "status", "streams, bindings, workers and connectors of the running engine");
  auto options = std::make_shared<StatusOptions>();
  command->add_flag("--watch", options->watch, "again every second");
  command
      ->add_flag("--check", options->check,
                 "for scripts: exit code 1 with the reasons unless the engine is ready and no "
                 "binding has stopped")
      ->excludes("--watch");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton status --config configs/thumbnails.yaml");
  command->callback([&chosen, options] { chosen = [options] { return status(*options); }; });
}

}  // namespace pelton::cli
