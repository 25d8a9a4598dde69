// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <unistd.h>

#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

namespace json = boost::json;

struct Options {
  EngineAddress address;
  std::string format = "text";
  bool watch = false;
};

std::string text(const json::object& object, const char* name) {
  return std::string(object.at(name).as_string());
}
double real(const json::object& object, const char* name) {
  return object.at(name).to_number<double>();
}
std::uint64_t count(const json::object& object, const char* name) {
  return object.at(name).to_number<std::uint64_t>();
}

std::string streams(const json::array& list) {
  Table table({"STREAM", "PARTITIONS", "EVENTS", "STORED", "RATE"});
  for (const json::value& value : list) {
    const json::object& stream = value.as_object();
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    for (const json::value& p : stream.at("partitions").as_array()) {
      events += count(p.as_object(), "end") - count(p.as_object(), "earliest");
      bytes += count(p.as_object(), "bytes");
    }
    table.add({text(stream, "name"), std::to_string(stream.at("partitions").as_array().size()),
               grouped(events), fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20)),
               rate_text(real(stream, "appended_per_second"))});
  }
  return table.text();
}

std::string connectors(const json::array& list) {
  Table table({"CONNECTOR", "TYPE", "STREAM", "STATE", "EVENTS", "ERRORS", "LAST ERROR"});
  for (const json::value& value : list) {
    const json::object& c = value.as_object();
    table.add({text(c, "name"), text(c, "type") + " " + text(c, "direction"), text(c, "stream"),
               text(c, "state"), grouped(count(c, "events")), grouped(count(c, "errors")),
               text(c, "last_error")});
  }
  return table.text();
}

std::string bindings(const json::array& list) {
  Table table({"BINDING", "FUNCTION", "STREAM", "DONE", "RATE", "LAG", "OLDEST", "IN FLIGHT",
               "RETRYING", "WAITING", "DEAD LETTERS"});
  for (const json::value& value : list) {
    const json::object& b = value.as_object();
    std::uint64_t lag = 0, in_flight = 0, retrying = 0, waiting = 0;
    double oldest = 0;
    for (const json::value& item : b.at("partitions").as_array()) {
      const json::object& p = item.as_object();
      lag += count(p, "lag_events");
      in_flight += count(p, "in_flight");
      retrying += count(p, "retrying");
      waiting += count(p, "waiting");
      oldest = std::max(oldest, real(p, "lag_seconds"));
    }
    const std::string function = text(b, "function");
    table.add({text(b, "name"), function.empty() ? "(sink)" : function, text(b, "stream"),
               grouped(count(b, "done")), rate_text(real(b, "done_per_second")), grouped(lag),
               lag == 0 ? "-" : age_text(oldest), grouped(in_flight), grouped(retrying),
               grouped(waiting), grouped(count(b, "dead_letters"))});
  }
  return table.text();
}

std::string parked(const json::array& list) {
  Table table({"PARKED KEY", "BINDING", "PARTITION", "OFFSET", "ATTEMPTS", "NEXT", "LAST ERROR"});
  bool any = false;
  for (const json::value& value : list)
    for (const json::value& item : value.as_object().at("parked").as_array()) {
      const json::object& k = item.as_object();
      table.add({text(k, "key"), text(value.as_object(), "name"),
                 std::to_string(count(k, "partition")), std::to_string(count(k, "offset")),
                 std::to_string(count(k, "attempts")), text(k, "next"),
                 text(k, "last_error").substr(0, 100)});
      any = true;
    }
  return any ? "\n" + table.text() : "";
}

std::string functions(const json::array& list) {
  Table table({"FUNCTION", "WORKER", "PID", "STATE", "EVENTS", "AGE", "MEMORY"});
  std::string problems;
  for (const json::value& value : list) {
    const json::object& f = value.as_object();
    const json::array& workers = f.at("workers").as_array();
    if (workers.empty()) table.add({text(f, "name"), "-", "", "none: no work", "", "", ""});
    for (const json::value& item : workers) {
      const json::object& w = item.as_object();
      table.add({text(f, "name"), text(w, "name"), std::to_string(w.at("pid").as_int64()),
                 text(w, "state"), grouped(count(w, "events")), age_text(real(w, "age_seconds")),
                 fmt::format("{:.0f} MiB", real(w, "memory_bytes") / (1 << 20))});
    }
    const std::string error = text(f, "start_error");
    if (!error.empty())
      problems += fmt::format("\nfunction {} cannot start a worker:\n  {}\n", text(f, "name"),
                              observe::log::escaped(error));
  }
  return table.text() + problems;
}

std::string render(const json::object& status) {
  std::string out =
      fmt::format("engine {} (pid {}), {}{}\nconfig {}\ndata   {}\n", text(status, "version"),
                  status.at("pid").as_int64(), text(status, "state"),
                  status.at("ready").as_bool() ? ", ready" : ", NOT ready", text(status, "config"),
                  text(status, "data"));
  for (const json::value& reason : status.at("not_ready").as_array())
    out += fmt::format("  not ready: {}\n", std::string_view(reason.as_string()));
  out += "\n" + streams(status.at("streams").as_array());
  if (!status.at("connectors").as_array().empty())
    out += "\n" + connectors(status.at("connectors").as_array());
  if (!status.at("bindings").as_array().empty())
    out += "\n" + bindings(status.at("bindings").as_array());
  for (const json::value& b : status.at("bindings").as_array())
    if (const std::string why = text(b.as_object(), "stopped"); !why.empty())
      out += "  STOPPED: " + why + "\n";
  out += parked(status.at("bindings").as_array());
  if (!status.at("functions").as_array().empty())
    out += "\n" + functions(status.at("functions").as_array());
  return out;
}

int show(Client& client, const Options& options) {
  auto answer = client.get("/v1/status");
  if (!answer) return complain(answer.error());
  if (options.format == "json") {
    fmt::print("{}", answer->body);
    return kOk;
  }
  const json::value status = json::parse(answer->body);
  if (options.watch && terminal(STDOUT_FILENO)) fmt::print("\x1b[H\x1b[2J");
  fmt::print("{}", render(status.as_object()));
  std::fflush(stdout);
  return kOk;
}

int status(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  for (;;) {
    if (const int code = show(**client, options); code != kOk || !options.watch) return code;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

void add_status(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand(
      "status", "streams, bindings, workers and connectors of the running engine");
  auto options = std::make_shared<Options>();
  command->add_flag("--watch", options->watch, "again every second");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton status --config configs/thumbnails.yaml");
  command->callback([&chosen, options] { chosen = [options] { return status(*options); }; });
}

}  // namespace pelton::cli
