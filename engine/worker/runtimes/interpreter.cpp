// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/interpreter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace pelton::worker {

namespace fs = std::filesystem;

bool is_executable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

namespace {

constexpr const char* kOption = "interpreter";

bool in_path(const std::string& name, const std::string& folders) {
  for (std::size_t at = 0; at <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    if (is_executable(fs::path(folders.substr(at, end - at)) / name)) return true;
    at = end + 1;
  }
  return false;
}

// Why the path cannot be run; `folder`: the path that was written is one.
std::string why_not(const fs::path& path, bool folder, const FolderOfInterpreter& meaning) {
  std::error_code ignored;
  if (folder && meaning.program.empty())
    return fmt::format("{} is a folder; name the program", path.string());
  if (folder)
    return fmt::format("the folder has no {}, so it is not {}", path.string(), meaning.what);
  return fmt::format("{} {}", path.string(),
                     fs::exists(path, ignored) ? "is not executable" : "does not exist");
}

}  // namespace

void resolve_interpreter(std::string& interpreter, const FolderOfInterpreter& meaning,
                         const config::Section& section, config::ReadContext& context) {
  if (interpreter.empty()) return;
  const auto problem = [&](const std::string& why) {
    context.problems.error(section.place(kOption), "E1014", "interpreter: " + why);
  };
  if (interpreter.find('/') == std::string::npos) {
    const auto folders = context.environment("PATH");
    const std::string written = section.written(kOption);
    if (folders && !in_path(interpreter, *folders))
      problem(fmt::format("there is no {} in the folders of PATH",
                          written.empty() ? interpreter : written));
    return;
  }
  std::error_code ignored;
  fs::path path = (context.folder_of(section.place(kOption)) / interpreter).lexically_normal();
  const bool folder = fs::is_directory(path, ignored);
  if (folder && !meaning.program.empty()) path /= meaning.program;
  interpreter = path.string();
  if (!is_executable(path)) problem(why_not(path, folder, meaning));
}

Status require_package(const std::filesystem::path& file) {
  std::error_code ignored;
  if (fs::exists(file, ignored)) return {};
  return fail(ErrorKind::invalid, "E3001",
              "Pelton's own package for this runtime is missing ({}): it is installed with the "
              "engine, in lib/pelton beside the folder bin of the binary",
              file.is_absolute() ? file.string() : "its folder was not found");
}

}  // namespace pelton::worker
