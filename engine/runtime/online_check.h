// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/connector/connector_spec.h"

#include <filesystem>
#include <span>
#include <vector>

namespace pelton::runtime {

// Value. Where a config is checked.
struct OnlineCheck {
  std::span<const connector::ConnectorSpec> connectors;
  std::filesystem::path sdks;
  // An engine runs in the config's data folder: the address that it listens on is taken rightly.
  bool engine_runs = false;
};

// What only this machine and its surroundings can tell of a config: whether brokers answer and have
// its topics, folders may be read and written, the address is free, and a worker of each function
// starts and finds its handler. Disturbs nothing: no group is joined, nothing is written, consumed
// or listened on. Each problem is at the place of its part, in the order of the config. Blocks, for
// up to a minute for each function whose worker does not start.
std::vector<config::Diagnostic> check_online(const config::Config& config,
                                             const OnlineCheck& check);

}  // namespace pelton::runtime
