// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/load.h"
#include "engine/connector/connector_spec.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace pelton::runtime {

struct RunOptions {
  std::string version;
  std::filesystem::path sdks;  // folder of the packages that functions import: python/, node/
  // Called once the engine is ready, on the calling thread, with the address of the TCP listener
  // ("" without).
  std::function<void(const std::string& http_address)> ready;
  // Reads and checks config files, for reloads. Any thread.
  std::function<config::Loaded(const std::vector<std::filesystem::path>& files)> load;
  // The engine's own options after a reload: those of the log are the caller's. Any thread.
  std::function<void(const config::Engine& engine)> reloaded;
};

// Builds everything from the config, runs until SIGTERM or SIGINT, drains within
// engine.shutdown_timeout and returns. SIGHUP reloads the config's file. A second signal to stop
// ends the process at once (what was acknowledged is safe: it is on disk). Blocks the calling
// thread, which must be the process's first, with no other thread running yet. Errors: what kept
// the engine from starting, or the write error that ended it (E4106).
Status run(const config::Config& config, std::span<const connector::ConnectorSpec> connectors,
           const RunOptions& options);

}  // namespace pelton::runtime
