// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/function_code.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

bool is_executable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// "thumbnail", "package.module", "handle", "Class.method".
bool good_dotted(std::string_view text) {
  bool first = true;
  for (const char c : text) {
    const bool letter = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
    if (c == '.' ? first : !letter && (first || c < '0' || c > '9')) return false;
    first = c == '.';
  }
  return !first;
}

class CodeCheck {
 public:
  CodeCheck(Function& function, const Section& section, ReadContext& context)
      : function_(function), section_(section), context_(context) {}

  void cpp() {
    if (section_.node("handler") != nullptr)
      problem("handler", "E1008",
              "handler: a cpp function has none, its executable is the handler");
    function_.handler.clear();
    std::error_code ignored;
    const std::string path = function_.code.string();
    if (function_.code.empty() || is_executable(function_.code)) return;
    if (fs::is_directory(function_.code, ignored))
      problem("code", "E1014",
              fmt::format("code: {} is a folder; a cpp function names its executable", path));
    else if (fs::exists(function_.code, ignored))
      problem("code", "E1014", fmt::format("code: {} is not executable", path));
    else if (std::ranges::find(function_.code, fs::path("build")) != function_.code.end())
      problem(
          "code", "E1014",
          fmt::format("code: {} does not exist: it is in a build folder, so build it first", path));
    else
      problem("code", "E1014", fmt::format("code: the executable {} does not exist", path));
  }

  void python() {
    interpreter();
    if (handler()) module();
  }

 private:
  bool handler() {
    const Node* node = section_.node("handler");
    if (node == nullptr) {
      problem("handler", "E1006",
              fmt::format("\"handler\" is missing in function {}: a python function names "
                          "module:callable",
                          function_.name));
      return false;
    }
    const std::string& text = function_.handler;
    const auto colon = text.find(':');
    if (colon != std::string::npos && good_dotted(text.substr(0, colon)) &&
        good_dotted(text.substr(colon + 1)))
      return true;
    // Otherwise what it stands for has been refused already.
    if (section_.get<std::string>("handler"))
      problem("handler", "E1008",
              fmt::format("handler: \"{}\" is not module:callable, such as thumbnail:handle",
                          section_.written("handler")));
    return false;
  }

  void module() {
    std::error_code ignored;
    const fs::path& code = function_.code;
    if (code.empty()) return;
    if (!fs::exists(code, ignored))
      return problem("code", "E1014",
                     fmt::format("code: the folder {} does not exist", code.string()));
    if (!fs::is_directory(code, ignored))
      return problem("code", "E1014",
                     fmt::format("code: {} is a file; a python function names the folder of its "
                                 "modules",
                                 code.string()));
    const std::string name = function_.handler.substr(0, function_.handler.find(':'));
    std::string relative = name;
    std::ranges::replace(relative, '.', '/');
    if (!fs::exists(code / (relative + ".py"), ignored) &&
        !fs::is_directory(code / relative, ignored))
      problem("handler", "E1014",
              fmt::format("handler: there is no module {} in {} (no {}.py and no package)", name,
                          code.string(), relative));
  }

  void interpreter() {
    const std::string text = function_.interpreter;
    if (text.empty()) return;
    if (text.find('/') == std::string::npos) return command(text);
    std::error_code ignored;
    fs::path path = (context_.folder / text).lexically_normal();
    const bool folder = fs::is_directory(path, ignored);
    if (folder) path = path / "bin" / "python3";
    function_.interpreter = path.string();
    if (is_executable(path)) return;
    problem("interpreter", "E1014",
            folder
                ? fmt::format("interpreter: the folder has no {}, so it is no virtual environment",
                              path.string())
            : fs::exists(path, ignored)
                ? fmt::format("interpreter: {} is not executable", path.string())
                : fmt::format("interpreter: {} does not exist", path.string()));
  }

  void command(const std::string& name) {
    const auto folders = context_.environment("PATH");
    if (!folders) return;
    for (std::size_t at = 0; at <= folders->size();) {
      const std::size_t end = std::min(folders->find(':', at), folders->size());
      if (is_executable(fs::path(folders->substr(at, end - at)) / name)) return;
      at = end + 1;
    }
    problem("interpreter", "E1014",
            fmt::format(
                "interpreter: there is no {} in the folders of PATH",
                section_.node("interpreter") == nullptr ? name : section_.written("interpreter")));
  }

  void problem(const std::string& option, const char* code, std::string message) {
    context_.problems.error(section_.place(option), code, std::move(message));
  }

  Function& function_;
  const Section& section_;
  ReadContext& context_;
};

}  // namespace

void check_code(Function& function, const Section& section, ReadContext& context) {
  CodeCheck check(function, section, context);
  if (function.runtime == "cpp")
    check.cpp();
  else
    check.python();
}

}  // namespace pelton::config
