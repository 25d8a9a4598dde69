// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;

struct Scale {
  std::uint32_t min = 0;
  std::uint32_t max = 1;
  Duration idle{std::chrono::seconds(60)};  // a worker above min that is idle for this long ends
};

// Value. The members' initialisers are the defaults.
struct Function {
  std::string name;
  Place place;
  std::string runtime;                  // the name of one that this build has
  std::filesystem::path code;           // folder (python) or executable (cpp)
  std::string handler;                  // "module:callable"; empty for cpp
  std::string interpreter = "python3";  // command or absolute path; a virtual environment's folder
                                        // has become its bin/python3
  Duration timeout{std::chrono::seconds(30)};  // for one event
  std::optional<std::uint64_t> memory_bytes;   // memory: address space limit (RLIMIT_DATA)
  Scale scale;
  std::optional<std::uint32_t> recycle_events;     // recycle.events: a worker ends after as many
  std::optional<std::uint64_t> recycle_bytes;      // recycle.memory: once it holds as much memory
  std::map<std::string, std::string> environment;  // added to the allow-list
};

const SectionSpec& function_spec();
// Nothing (and a problem) when it is of a runtime that this build does not have.
std::optional<Function> parse_function(const std::string& name, const Node& node,
                                       ReadContext& context);
OptionChanges differences(const Function& before, const Function& after);

}  // namespace pelton::config
