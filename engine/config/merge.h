// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/tree.h"

#include <string>
#include <vector>

namespace pelton::config {

// A file as parsed.
struct ParsedFile {
  std::string name;  // as it was given
  Node root;
};

// One tree of all the files: sections are merged, and so are the sections within `engine`. A part
// or option that two files have is an error (E1004) with both places, but for the same `version`.
// E1002: a file is not a mapping.
Node merge(const std::vector<ParsedFile>& files, Diagnostics& problems);

}  // namespace pelton::config
