// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/reader.h"
#include "engine/import/service.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pelton::importer {

// Value. What a file says of a function, its defaults applied.
struct FunctionSource {
  std::string name;
  Place place, runtime_place, handler_place;
  std::string runtime;  // "nodejs20.x"
  std::string handler;
  std::string code = ".";  // the folder, or what `artifact` names
  bool container = false;  // it is an image
  bool traced = false;     // X-Ray's tracing is active
  std::uint64_t timeout_s = 0;
  std::uint64_t memory_mb = 0;
  std::optional<std::uint64_t> concurrency;
  // Names and values as the file has them; of a name that is there twice the later counts.
  std::vector<std::pair<Node, Node>> environment;
};

// The function without its events. Nothing, and a warning (E1108): it cannot run here. E1109, a
// warning: its runtime is an old one.
std::optional<Function> make_function(const FunctionSource& source, Reader& reader);

// Names and values of a section `environment`, appended.
void add_environment(const Node* section, std::vector<std::pair<Node, Node>>& all);

}  // namespace pelton::importer
