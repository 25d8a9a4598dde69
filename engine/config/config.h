// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/binding.h"
#include "engine/config/parts/connector.h"
#include "engine/config/parts/engine.h"
#include "engine/config/parts/function.h"
#include "engine/config/parts/listener.h"
#include "engine/config/parts/route.h"
#include "engine/config/parts/stream.h"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Values. What a config file says after parsing, defaults and checks (load.h): every reference
// resolves, every path is absolute, every number is within its bounds. Field comments name the key.
// Units are in the types. For those who need all of it: a part has a header of its own.
namespace pelton::config {

struct Config {
  // In the order in which they were given; absolute, but for "-", standard input.
  std::vector<std::filesystem::path> files;
  Engine engine;
  std::vector<Stream> streams;  // each list in file order
  std::vector<Connector> connectors;
  std::vector<Function> functions;
  std::vector<Binding> bindings;
  std::vector<Listener> listeners;
  std::vector<Route> routes;  // each names its listener
  // Options whose values come from the environment or a file, or look like secrets, and are not to
  // be shown: "function f environment.TOKEN".
  std::set<std::string> hidden;

  const Stream* find_stream(std::string_view name) const;
  const Function* find_function(std::string_view name) const;
  // A stream, binding or connector of that name is there.
  bool has_part(std::string_view name) const;
};

}  // namespace pelton::config
