// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/runtime_options.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// What functions of the runtime `http` have beside the options of every function.
namespace pelton::worker::http {

// What a request for an event looks like (docs/http_runtime.md).
enum class Shape : std::uint8_t { binary, structured, raw, azure };
// Which answers are output events.
enum class Outputs : std::uint8_t { any, cloudevents, none };

// Value. The members' initialisers are the defaults.
struct Options {
  std::filesystem::path code;        // folder in which the command runs, or an executable
  std::vector<std::string> command;  // empty: `code` is the executable
  Shape event = Shape::binary;
  std::optional<std::string> path;  // of requests for events; absent: as the shape has it
  std::string trigger = "event";    // azure: what `Data` calls the event
  Outputs outputs = Outputs::any;
  std::uint32_t concurrency = 1;          // requests at once
  std::optional<std::string> ready_path;  // absent: a worker that accepts connections is ready
};

config::RuntimeOptions options();

// The command as it is run, its program as an absolute path if it has a slash; the folder it runs
// in.
std::vector<std::string> command_of(const Options& options);
std::filesystem::path folder_of(const Options& options);

}  // namespace pelton::worker::http
