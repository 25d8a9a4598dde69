// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/options.h"

#include "engine/config/spec/fields.h"
#include "engine/worker/runtimes/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::worker::native {
namespace {

using config::Fields;
using config::FunctionFile;
using config::ReadContext;
using config::Section;

namespace fs = std::filesystem;

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

// "module:callable".
bool good_handler(const std::string& text) {
  const auto colon = text.find(':');
  return colon != std::string::npos && good_dotted(text.substr(0, colon)) &&
         good_dotted(text.substr(colon + 1));
}

// Problems of one function's options, each at its place.
class OptionCheck {
 public:
  OptionCheck(const Section& section, ReadContext& context)
      : section_(section), context_(context) {}

  bool said(const std::string& option) const {
    return section_.get<std::string>(option).has_value();
  }
  std::string written(const std::string& option) const { return section_.written(option); }
  void problem(const std::string& option, const char* code, std::string message) const {
    context_.problems.error(section_.place(option), code, std::move(message));
  }

 private:
  const Section& section_;
  ReadContext& context_;
};

void check_handler(const PythonOptions& options, const OptionCheck& check) {
  // Otherwise it has been refused already.
  if (!check.said("handler") || good_handler(options.handler)) return;
  check.problem("handler", "E1008",
                fmt::format("handler: \"{}\" is not module:callable, such as thumbnail:handle",
                            check.written("handler")));
}

void check_module(const PythonOptions& options, const OptionCheck& check) {
  std::error_code ignored;
  const std::string code = options.code.string();
  if (code.empty() || !good_handler(options.handler)) return;
  if (!fs::exists(options.code, ignored))
    return check.problem("code", "E1014", fmt::format("code: the folder {} does not exist", code));
  if (!fs::is_directory(options.code, ignored))
    return check.problem(
        "code", "E1014",
        fmt::format("code: {} is a file; a python function names the folder of its modules", code));
  const std::string name = options.handler.substr(0, options.handler.find(':'));
  std::string relative = name;
  std::ranges::replace(relative, '.', '/');
  if (!fs::exists(options.code / (relative + ".py"), ignored) &&
      !fs::is_directory(options.code / relative, ignored))
    check.problem("handler", "E1014",
                  fmt::format("handler: there is no module {} in {} (no {}.py and no package)",
                              name, code, relative));
}

void check_python(const Section& section, const std::string&, ReadContext& context,
                  PythonOptions& options) {
  const OptionCheck check(section, context);
  resolve_interpreter(options.interpreter, {"bin/python3", "a virtual environment"}, section,
                      context);
  check_handler(options, check);
  check_module(options, check);
}

void check_cpp(const Section& section, const std::string&, ReadContext& context,
               CppOptions& options) {
  std::error_code ignored;
  const fs::path& code = options.code;
  if (code.empty() || is_executable(code)) return;
  std::string why = fmt::format("the executable {} does not exist", code.string());
  if (fs::is_directory(code, ignored))
    why = fmt::format("{} is a folder; a cpp function names its executable", code.string());
  else if (fs::exists(code, ignored))
    why = fmt::format("{} is not executable", code.string());
  else if (std::ranges::find(code, fs::path("build")) != code.end())
    why =
        fmt::format("{} does not exist: it is in a build folder, so build it first", code.string());
  OptionCheck(section, context).problem("code", "E1014", "code: " + why);
}

std::vector<FunctionFile> files_of_python(const PythonOptions& options) {
  std::vector<FunctionFile> files{{"code", options.code}};
  if (const fs::path interpreter(options.interpreter); interpreter.is_absolute())
    files.push_back({"interpreter", interpreter});
  return files;
}

std::vector<FunctionFile> files_of_cpp(const CppOptions& options) {
  return {{"code", options.code}};
}

}  // namespace

config::RuntimeOptions python_options() {
  return config::runtime_options(
      "python", "A module of Python 3.9 or later.",
      Fields<PythonOptions>("", "")
          .option("code", &PythonOptions::code, "Folder of the modules.", {.required = true})
          .option("handler", &PythonOptions::handler, "The function to call, as `module:callable`.",
                  {.example = "thumbnail:handle", .required = true})
          .option("interpreter", &PythonOptions::interpreter,
                  "Command or path of the Python interpreter, or the folder of a virtual "
                  "environment.",
                  {.example = "/usr/bin/python3"})
          .option("zygote", &PythonOptions::zygote, kZygoteSentence, {.at_least = "0s"})
          .then(check_python),
      files_of_python);
}

config::RuntimeOptions cpp_options() {
  return config::runtime_options(
      "cpp", "An executable that is linked with the C++ SDK.",
      Fields<CppOptions>("", "")
          .option("code", &CppOptions::code, "Path of the executable.", {.required = true})
          .then(check_cpp),
      files_of_cpp);
}

}  // namespace pelton::worker::native
