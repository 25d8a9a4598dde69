// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/file_version.h"
#include "connectors/directory/folder.h"

#include <cstdint>
#include <string>

namespace pelton::directory {

enum class ReadOutcome {
  whole,     // content holds one version, unmixed
  gone,      // no such file any more
  changing,  // it changed while it was read; `version` is the newer one
  refused,   // not a regular file, or a symbolic link on the way; `error_number` 0 or ELOOP, EXDEV
  unreadable,  // `error_number` says why
};

struct FileContent {
  FileVersion version;
  bool has_data = false;  // false: larger than the limit, nothing was read
  std::string data;
  int error_number = 0;
};

// Reads a file of the folder, if regular, into `out` (its buffer is reused); never waits for a
// FIFO's writer.
ReadOutcome read_file(const Folder& root, const std::string& name, std::uint64_t inline_limit,
                      FileContent& out);

}  // namespace pelton::directory
