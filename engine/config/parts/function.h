// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/yaml/place.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace pelton::config {

struct Scale {
  std::uint32_t min = 0;  // scale.min
  std::uint32_t max = 1;  // scale.max
  Duration idle{};        // scale.idle: a worker above min without work for so long ends
};

struct Function {
  std::string name;
  Place place;
  std::string runtime;         // runtime: the name of one that this build has
  std::filesystem::path code;  // code: folder (python) or executable (cpp)
  std::string handler;         // handler: "module:callable"; empty for cpp
  std::string interpreter;     // interpreter: command or absolute path; a virtual environment's
                               // folder has become its bin/python3
  Duration timeout{};          // timeout, for one event
  std::optional<std::uint64_t> memory_bytes;  // memory: address space limit (RLIMIT_DATA)
  Scale scale;
  std::optional<std::uint64_t> recycle_events;  // recycle.events: a worker ends after so many
  std::optional<std::uint64_t> recycle_bytes;   // recycle.memory: ... once it holds so much memory
  std::map<std::string, std::string> environment;  // environment: added to the allow-list
};

}  // namespace pelton::config
