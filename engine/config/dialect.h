// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/expand.h"

#include <filesystem>
#include <functional>
#include <set>
#include <string>

namespace pelton::config {

// Value. How files of another system are read as config files of this one.
struct Dialect {
  struct Input {
    const std::filesystem::path& file;
    const Node& root;  // of Syntax::tagged, without errors
    const Environment& environment;
  };
  // Whether the file is of the dialect, by its name or by what its top level has. Errors in the
  // file do not matter.
  std::function<bool(const std::filesystem::path& file, const Node& root)> recognises;
  // The config file that equals it. Its nodes have the places of what they are made of, so that
  // further problems point into the file. With an error the result is of no use.
  std::function<Node(const Input& input, Diagnostics& problems)> translate;
  // The data folder, relative to the file's.
  std::string data;
  // See Diagnostics::relax(): what is an error in a config file and has to be put up with in these.
  std::set<std::string> warned, left_out;
};

}  // namespace pelton::config
