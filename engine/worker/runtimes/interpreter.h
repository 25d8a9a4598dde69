// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/fields.h"

#include <filesystem>
#include <string>

// What runtimes check of the programs that run a function's code. Only looks; nothing is run.
namespace pelton::worker {

bool is_executable(const std::filesystem::path& path);

// What a folder means as an interpreter.
struct FolderOfInterpreter {
  std::filesystem::path program;  // below the folder: "bin/python3"; empty: a folder means nothing
  std::string what;               // the folder: "a virtual environment"
};

// The option `interpreter` of a function's section: a command stays as it is, a path becomes
// absolute, a folder its program. E1014 at the option's place: it is not there or not executable.
void resolve_interpreter(std::string& interpreter, const FolderOfInterpreter& folder,
                         const config::Section& section, config::ReadContext& context);

// A file of the packages that come with the engine, which workers of a runtime need. E3001: it is
// not there, as when only the binary has been copied.
Status require_package(const std::filesystem::path& file);

}  // namespace pelton::worker
