// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/spec/option_spec.h"
#include "engine/config/yaml/diagnostic.h"

#include <filesystem>
#include <optional>
#include <span>

namespace pelton::config {

// What the parts of a config have to do with each other and with the file system: names that must
// differ, loops, a source that reads the engine's own data.
void check_config(const Config& config, std::span<const ConnectorOptions> connectors,
                  Diagnostics& problems);

// Events that come back to the stream they came from, through bindings or through a folder or a
// topic that a sink writes and a source reads. One problem for each loop found.
void check_loops(const Config& config, std::span<const ConnectorOptions> connectors,
                 Diagnostics& problems);

// The folder that a connector reads or writes, as its place_option says, with symbolic links
// resolved; nothing when its type has none.
std::optional<std::filesystem::path> folder_of(const Connector& connector,
                                               std::span<const ConnectorOptions> types);
// Every link that is there resolved, the rest tidied.
std::filesystem::path real_path(const std::filesystem::path& path);

}  // namespace pelton::config
