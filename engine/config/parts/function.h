// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/isolation.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <any>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pelton::config {

struct Node;
struct ReadContext;
struct RuntimeOptions;
struct SectionSpec;

struct Scale {
  std::uint32_t min = 0;
  std::uint32_t max = 1;
  Duration idle{std::chrono::seconds(60)};  // a worker above min that is idle for this long ends
};

// What becomes of asynchronous calls, which wait in a stream of their own (async_calls.h).
struct Async {
  std::uint32_t retries = 2;
  Duration retry_after{std::chrono::minutes(1)};  // each further one waits twice as long
  Duration max_age{std::chrono::hours(6)};        // since the first attempt
  // Streams that get a record of each call that has succeeded, or failed for good.
  std::optional<std::string> on_success, on_failure;

  // ---- what the file says, for checks
  Place place, on_success_place, on_failure_place;
};

// A file or folder that is part of a function: no connector may write there.
struct FunctionFile {
  std::string what;  // "code", "interpreter"
  std::filesystem::path path;
};

// Value. The members' initialisers are the defaults.
struct Function {
  std::string name;
  Place place;
  std::string runtime;  // the name of one that this build has
  // Its runtime's own options, as the type that its RuntimeOptions reads; only the runtime looks
  // inside.
  std::any settings;
  std::vector<FunctionFile> files;
  bool takes_documents = false;                      // see RuntimeOptions
  Duration timeout{std::chrono::seconds(30)};        // for one event
  Duration start_timeout{std::chrono::seconds(60)};  // until a worker is ready
  std::optional<std::uint64_t> memory_bytes;         // memory: address space limit (RLIMIT_DATA)
  std::optional<std::uint32_t> processes;            // of a worker; see reference
  std::optional<std::uint32_t> open_files;           // of each process: RLIMIT_NOFILE
  std::uint32_t nice = 0;                            // above the engine's niceness
  Isolation isolation;
  std::uint64_t log_bytes = 16U << 20;  // logs: that are kept; 0: none
  Scale scale;
  std::optional<std::uint32_t> recycle_events;     // recycle.events: a worker ends after as many
  std::optional<std::uint64_t> recycle_bytes;      // recycle.memory: once it holds as much memory
  std::map<std::string, std::string> environment;  // added to the allow-list
  std::optional<Async> async;                      // absent: the defaults
};

// What every function has; `runtime` is one of these.
SectionSpec function_spec(std::span<const RuntimeOptions> runtimes);
// Nothing (and a problem) when it is of a runtime that this build does not have.
std::optional<Function> parse_function(const std::string& name, const Node& node,
                                       std::span<const RuntimeOptions> runtimes,
                                       ReadContext& context);
OptionChanges differences(const Function& before, const Function& after,
                          std::span<const RuntimeOptions> runtimes);

}  // namespace pelton::config
