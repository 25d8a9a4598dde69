// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/folder.h"
#include "connectors/directory/names.h"
#include "engine/config/parts/connector.h"
#include "engine/config/spec/option_spec.h"
#include "engine/config/spec/option_value.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace pelton::directory {

// What becomes of a file once its event is durable.
enum class After { keep, remove, move };

// Value. A source's options, parsed, and its inner bounds (not options; tests lower them).
struct SourceOptions {
  std::string connector;
  std::filesystem::path path;
  CreateFolder create = CreateFolder::yes;
  NameFilter names{{"*"}, {}};
  bool recursive = true;
  std::uint64_t inline_limit = 1U << 20;
  std::chrono::microseconds settle{std::chrono::milliseconds(500)};
  std::chrono::microseconds rescan{std::chrono::seconds(60)};
  After after = After::keep;
  std::filesystem::path move_to;

  std::size_t max_queued = 10'000;     // names waiting to be read, and waiting to settle
  std::size_t max_folders = SIZE_MAX;  // watched
  // Period of scans while some folder could not be watched; a shorter `rescan` wins.
  std::chrono::microseconds rescan_unwatched{std::chrono::seconds(5)};
};

// Value. A sink's options, parsed.
struct SinkOptions {
  std::string connector;
  std::filesystem::path path;
  CreateFolder create = CreateFolder::yes;
  std::string name;  // template; empty: subject, else id, else position
  mode_t mode = 0644;
  bool sync = true;
};

// The one description of both directions.
config::ConnectorOptions describe_options();

// From a loaded config. Errors: E2004, invalid: options that contradict each other.
Result<SourceOptions> parse_source_options(const config::Connector& connector);
Result<SinkOptions> parse_sink_options(const config::Connector& connector);

}  // namespace pelton::directory
