// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/folder.h"
#include "connectors/directory/names.h"
#include "engine/config/spec/connector_options.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace pelton::directory {

// What happens to a file once every binding has settled its event.
enum class After { keep, remove, move };

// Value. A source's options, whose defaults stand here, and its inner bounds (not options; tests
// lower them).
struct SourceOptions {
  std::string connector;
  std::filesystem::path path;
  CreateFolder create = CreateFolder::yes;
  std::vector<std::string> match{"*"};
  std::vector<std::string> ignore{".*", "*.part", "*.tmp", "*~", "*.crdownload"};
  NameFilter names{match, ignore};
  bool recursive = true;
  std::uint64_t inline_limit = 1U << 20;
  Duration settle{std::chrono::milliseconds(500)};
  Duration rescan{std::chrono::seconds(60)};
  After after = After::keep;
  std::filesystem::path move_to;

  std::size_t max_queued = 10'000;     // names waiting to be read, and waiting to settle
  std::size_t max_folders = SIZE_MAX;  // watched
  // Period of scans while some folder could not be watched; a shorter `rescan` wins.
  std::chrono::microseconds rescan_unwatched{std::chrono::seconds(5)};
};

// What a sink does with an event whose file is there already.
enum class IfExists { replace, keep, version };

// Value. A sink's options, parsed.
struct SinkOptions {
  std::string connector;
  std::filesystem::path path;
  CreateFolder create = CreateFolder::yes;
  std::string name;  // template; empty: subject, else id, else position
  mode_t mode = 0644;
  IfExists if_exists = IfExists::replace;
  bool sync = true;
};

// The one description of both directions. Their settings are SourceOptions and SinkOptions.
// Contradictions among options are E2004.
config::ConnectorOptions describe_options();

}  // namespace pelton::directory
