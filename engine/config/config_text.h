// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/diagnostic.h"

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace pelton::config {

// The file that means standard input.
inline constexpr const char* kStandardInput = "-";

// Value. A config file as it was read.
struct ConfigText {
  std::filesystem::path file;  // as it was given
  std::string text;            // at most kMaxFileBytes + 1 bytes: the parser refuses one more
};

// What may be read: a command reads whatever its user names, and waits for a pipe or a terminal;
// the running engine must not be held up by a path that a request names, and reads regular files
// only.
enum class Readable { anything, regular_files };

// Reads the file, or standard input to its end; E1001: why it cannot be read.
std::expected<ConfigText, Diagnostic> read_config_text(const std::filesystem::path& file,
                                                       Readable readable = Readable::anything);

// What messages call it: the file as it was given, or "<stdin>".
std::string shown_name(const std::filesystem::path& file);
// The same of several, with commas between them.
std::string shown_names(const std::vector<std::filesystem::path>& files);
// Absolute and normal; "-" remains.
std::filesystem::path absolute_file(const std::filesystem::path& file);
// Where its relative paths begin: its folder; for standard input the working folder.
std::filesystem::path folder_of(const std::filesystem::path& file);

}  // namespace pelton::config
