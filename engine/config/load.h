// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/config_text.h"
#include "engine/config/kinds.h"
#include "engine/config/spec/section.h"
#include "engine/config/yaml/diagnostic.h"

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// A config, or the errors that it has; warnings beside both.
struct Loaded {
  std::optional<Config> config;      // absent: there are errors
  std::vector<Diagnostic> problems;  // all of the file's, in its order
  bool translated = false;           // a file of the dialect is among them
};

// Reads and checks a config, which may be in several files (see merge.h); "-" is standard input.
// Relative paths begin in the folder of the file that has them, those of standard input in the
// working folder. `kinds` are those of this build.
Loaded load(const std::vector<std::filesystem::path>& files, const Kinds& kinds,
            const Environment& environment, Readable readable = Readable::anything);
// The same for a text that stands in `file`, which need not exist.
Loaded load_text(const std::string& text, const std::filesystem::path& file, const Kinds& kinds,
                 const Environment& environment);

// engine.data of a config file (of a file of the dialect, what that has), or the first error that
// stands in the way of it. Nothing else in the file is looked at: who only wants to reach the
// engine needs neither its secrets nor its code.
std::expected<std::filesystem::path, Diagnostic> data_folder(
    const std::filesystem::path& file, const Environment& environment,
    const std::optional<Dialect>& dialect = {});

// The process's own environment.
std::optional<std::string> process_environment(const std::string& name);

}  // namespace pelton::config
