// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/http_listen.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { automatic, pretty, json };

// Value. The members' initialisers are the defaults.
struct Engine {
  std::filesystem::path data = "./data";        // absolute after parsing
  std::optional<HttpListen> http;               // http.listen; absent: no TCP listener
  LogLevel log_level = LogLevel::info;          // log.level
  LogFormat log_format = LogFormat::automatic;  // log.format; automatic: pretty on a terminal
  std::uint64_t free_space_bytes = 1ULL << 30;  // free_space: intake stops below it
  Duration shutdown_timeout{std::chrono::seconds(30)};  // drain deadline after SIGTERM
  std::optional<std::uint64_t> memory;  // for events, in all; absent: see default_memory()
  Place data_place{1, 1};               // of `data`, or of the section
  Place listen_place{1, 1};             // of http.listen
};

const SectionSpec& engine_spec();
// `node` is the section, or nothing.
Engine parse_engine(const Node& node, ReadContext& context);
OptionChanges differences(const Engine& before, const Engine& after);

}  // namespace pelton::config
