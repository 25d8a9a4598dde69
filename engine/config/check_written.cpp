// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check_written.h"

#include "engine/config/real_path.h"

#include <fmt/format.h>

#include <vector>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

// A place that connectors must leave alone.
struct Guarded {
  fs::path path;
  std::string what;
  // Whether folders below it are refused as well.
  bool below = true;
  const Connector* owner = nullptr;  // may write there itself
};

std::vector<Guarded> guarded_places(const Config& config) {
  std::vector<Guarded> all;
  // A path that is missing in the file has been reported.
  const auto add = [&](const fs::path& path, std::string what, bool below = true) {
    if (!path.empty()) all.push_back({real_path(path), std::move(what), below});
  };
  add(config.engine.data, "engine.data");
  for (const fs::path& file : config.files)
    if (file != "-") add(file, "the config file", false);
  for (const Function& function : config.functions)
    for (const FunctionFile& file : function.files)
      add(file.path, fmt::format("the {} of function {}", file.what, function.name));
  for (const Connector& connector : config.connectors)
    for (const Location& place : connector.locations)
      if (!place.written && !place.folder.empty())
        all.push_back({place.folder, "the folder of source " + connector.name, true, &connector});
  return all;
}

bool meets(const fs::path& folder, const Guarded& place) {
  return within(place.path, folder) || (place.below && within(folder, place.path));
}

}  // namespace

void check_written(const Config& config, Diagnostics& problems) {
  const std::vector<Guarded> guarded = guarded_places(config);
  for (const Connector& connector : config.connectors) {
    for (const Location& written : connector.locations) {
      if (!written.written || written.folder.empty()) continue;
      for (const Guarded& place : guarded) {
        if (place.owner == &connector || !meets(written.folder, place)) continue;
        problems.error(
            connector.place, "E1030",
            fmt::format("connector {} writes to {}, which overlaps {} ({})", connector.name,
                        written.folder.string(), place.what, place.path.string()));
      }
    }
  }
}

}  // namespace pelton::config
