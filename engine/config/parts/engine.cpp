// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/engine.h"

#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

Fields<Engine> http_fields() {
  return Fields<Engine>("http",
                        "TCP listener for `/metrics`, `/livez` and `/readyz`. Disabled if omitted.")
      .shorthand("listen")
      .parsed("listen", &Engine::http, parse_listen, listen_text,
              "Address and port to listen on. Port 0 picks a free port.", "",
              {.example = "127.0.0.1:8080", .required = true});
}

Fields<Engine> log_fields() {
  return Fields<Engine>("log", "The engine's log, written to standard error.")
      .shorthand("level")
      .choice("level", &Engine::log_level,
              {{"debug", LogLevel::debug},
               {"info", LogLevel::info},
               {"warn", LogLevel::warn},
               {"error", LogLevel::error}},
              "Minimum severity of the lines that are written. `debug` has a line for each attempt "
              "that failed.")
      .choice("format", &Engine::log_format,
              {{"automatic", LogFormat::automatic},
               {"pretty", LogFormat::pretty},
               {"json", LogFormat::json}},
              "Format of the lines. `automatic` is pretty on a terminal and JSON otherwise.");
}

const Fields<Engine>& engine_fields() {
  static const Fields<Engine> fields =
      Fields<Engine>("engine", "Settings of the engine itself.")
          .option("data", &Engine::data,
                  "Folder for the engine's state (RocksDB) and its admin socket. Each engine needs "
                  "a folder of its own.")
          .option("free_space", &Engine::free_space_bytes,
                  "When the disk of the data folder has less free space than this, no events are "
                  "accepted and bindings that write to streams are paused.")
          .option("shutdown_timeout", &Engine::shutdown_timeout,
                  "How long to wait for events in flight after SIGTERM.", {.at_most = "1h"})
          .option(
              "memory", &Engine::memory,
              "Memory for events in the engine's own process, not counting its workers: events "
              "that bindings have not settled, outputs that are not durable yet, what is read "
              "ahead, appends that wait for the disk, records fetched from Kafka, and the newest "
              "events of all streams. When it is used up, the engine reads and accepts less; "
              "nothing is lost. The process takes about 100 MiB on top of it. Default: a "
              "quarter of the memory of the machine or its cgroup, at least 128MiB and at "
              "most 512MiB.",
              {.at_least = "64MiB", .at_most = "1TiB", .example = "1GiB"})
          .section(http_fields())
          .section(log_fields());
  return fields;
}

}  // namespace

const SectionSpec& engine_spec() {
  return engine_fields().spec();
}

Engine parse_engine(const Node& node, ReadContext& context) {
  Engine engine;
  const Section section = read_section(node, engine_spec(), "engine", context);
  engine_fields().fill(section, "", context, engine);
  engine.data_place = section.place("data");
  engine.listen_place = section.place("http.listen");
  return engine;
}

OptionChanges differences(const Engine& before, const Engine& after) {
  return engine_fields().differences(before, after);
}

}  // namespace pelton::config
