// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/spec/section.h"

#include <filesystem>
#include <string>

namespace pelton::cli {

// Value. What a command says about where the engine is.
struct EngineAddress {
  std::string config = {};  // --config: its engine.data
  std::string data = {};    // --data
  std::string socket = {};  // --socket
};

// The admin socket: that of --socket, --data or --config; without these that of PELTON_SOCKET or
// PELTON_CONFIG; without those that of ./data. Of a config file only engine.data is read.
// E1xxx: that cannot be read.
Result<std::filesystem::path> admin_socket(const EngineAddress& address,
                                           const config::Environment& environment);

}  // namespace pelton::cli
