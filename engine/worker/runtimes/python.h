// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What the runtimes in Python have in common.
namespace pelton::worker {

// How long a function keeps its zygote; the default of the option `zygote`.
inline constexpr Duration kKeepZygote = std::chrono::minutes(10);
inline constexpr const char* kZygoteSentence =
    "How long the process of which workers are copies stays after the last of them has ended; 0: "
    "there is none, and each worker is an interpreter of its own.";

// The interpreter with what every worker has.
std::vector<std::string> python_command(const std::string& interpreter,
                                        const config::Function& function);

// Value. What a zygote is to be for.
struct PythonZygote {
  std::string kind;  // "native", "lambda": what its copies run
  std::string interpreter;
  std::filesystem::path code;
  std::string handler;
  std::map<std::string, std::string> environment;
  Duration keep{};
};

// See functions/sdk/python/pelton/zygote.py. Nothing: it is switched off, or the engine was built
// without what it needs.
std::optional<ZygotePlan> python_zygote(const WorkerSetup& setup,
                                        const std::filesystem::path& state, PythonZygote zygote);

}  // namespace pelton::worker
