// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/options.h"

#include "engine/config/spec/fields.h"
#include "engine/worker/runtimes/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

namespace pelton::worker::lambda {
namespace {

using config::Fields;
using config::FunctionFile;
using config::ReadContext;
using config::Section;

namespace fs = std::filesystem;

constexpr const char* kBootstrap = "bootstrap";

void problem(const Section& section, ReadContext& context, const char* option, const char* code,
             const std::string& why) {
  context.problems.error(section.place(option), code, fmt::format("{}: {}", option, why));
}

// False, and a problem: it is not a folder.
bool check_folder(const fs::path& code, const Section& section, ReadContext& context) {
  std::error_code ignored;
  if (fs::is_directory(code, ignored)) return true;
  problem(section, context, "code", "E1014",
          fs::exists(code, ignored)
              ? fmt::format("{} is a file; name the folder of the modules", code.string())
              : fmt::format("the folder {} does not exist", code.string()));
  return false;
}

struct Module {
  std::string file;      // "folder/module", without what follows the first point of its name
  std::string function;  // what follows the point
};

// `last`: of several points the last one ends the module's name, as Python's client reads it.
std::optional<Module> module_of(const std::string& handler, bool last) {
  const auto slash = handler.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  const auto point = last ? handler.rfind('.') : handler.find('.', name);
  if (point == std::string::npos || point <= name || point + 1 == handler.size())
    return std::nullopt;
  return Module{handler.substr(0, point), handler.substr(point + 1)};
}

void check_handler(const fs::path& code, const std::string& handler, bool last,
                   std::span<const char* const> endings, const Section& section,
                   ReadContext& context) {
  if (code.empty() || handler.empty()) return;  // refused already
  auto module = module_of(handler, last);
  if (!module)
    return problem(section, context, "handler", "E1008",
                   fmt::format("\"{}\" is not module.function, such as app.handler",
                               section.written("handler")));
  if (!check_folder(code, section, context)) return;
  if (last) std::ranges::replace(module->file, '.', '/');
  const bool there = std::ranges::any_of(endings, [&](const char* ending) {
    std::error_code ignored;
    return fs::exists(code / (module->file + ending), ignored);
  });
  if (!there)
    problem(section, context, "handler", "E1014",
            fmt::format("there is no module {} in {}", module->file, code.string()));
}

void check_python(const Section& section, const std::string&, ReadContext& context,
                  PythonOptions& options) {
  static constexpr const char* kEndings[] = {".py", "/__init__.py", ".so"};
  resolve_interpreter(options.interpreter, {"bin/python3", "a virtual environment"}, section,
                      context);
  check_handler(options.code, options.handler, true, kEndings, section, context);
}

void check_node(const Section& section, const std::string&, ReadContext& context,
                NodeOptions& options) {
  static constexpr const char* kEndings[] = {".js", ".mjs", ".cjs", ""};
  resolve_interpreter(options.interpreter, {}, section, context);
  check_handler(options.code, options.handler, false, kEndings, section, context);
}

void check_java(const Section& section, const std::string&, ReadContext& context,
                JavaOptions& options) {
  resolve_interpreter(options.interpreter, {}, section, context);
  if (options.code.empty() || options.handler.empty()) return;  // refused already
  std::error_code ignored;
  if (!fs::exists(options.code, ignored))
    problem(section, context, "code", "E1014",
            fmt::format("{} does not exist", options.code.string()));
  const auto method = options.handler.find("::");
  const bool named = method != 0 && !options.handler.ends_with(':') &&
                     options.handler.find_first_of(" /") == std::string::npos &&
                     options.handler.find(':') == method;
  if (!named)
    problem(section, context, "handler", "E1008",
            fmt::format("\"{}\" is not Class::method, such as example.Handler::handleRequest",
                        section.written("handler")));
}

void check_provided(const Section& section, const std::string&, ReadContext& context,
                    ProvidedOptions& options) {
  if (options.code.empty()) return;  // refused already
  const fs::path program = program_of(options);
  std::error_code ignored;
  if (is_executable(program)) return;
  problem(section, context, "code", "E1014",
          fs::exists(program, ignored)
              ? fmt::format("{} is not executable", program.string())
              : fmt::format("the executable {} does not exist", program.string()));
}

template <typename Options>
std::vector<FunctionFile> files_of(const Options& options) {
  std::vector<FunctionFile> files{{"code", options.code}};
  if (!options.client.empty()) files.push_back({"client", options.client});
  if (const fs::path interpreter(options.interpreter); interpreter.is_absolute())
    files.push_back({"interpreter", interpreter});
  return files;
}

std::vector<FunctionFile> files_of_provided(const ProvidedOptions& options) {
  return {{"code", options.code}};
}

config::RuntimeOptions with_documents(config::RuntimeOptions options) {
  options.takes_documents = true;
  options.over_loopback = true;
  return options;
}

}  // namespace

fs::path program_of(const ProvidedOptions& options) {
  std::error_code ignored;
  return fs::is_directory(options.code, ignored) ? options.code / kBootstrap : options.code;
}

fs::path folder_of(const ProvidedOptions& options) {
  return program_of(options).parent_path();
}

config::RuntimeOptions python_options() {
  return with_documents(config::runtime_options(
      "lambda/python",
      "A function for AWS Lambda in Python 3.9 or later, by AWS's client `awslambdaric`.",
      Fields<PythonOptions>("", "")
          .option("code", &PythonOptions::code, "Folder of the modules.", {.required = true})
          .option("handler", &PythonOptions::handler, "The function to call, as `module.function`.",
                  {.example = "app.handler", .required = true})
          .option("interpreter", &PythonOptions::interpreter,
                  "Command or path of the Python interpreter, or the folder of a virtual "
                  "environment.",
                  {.example = "/usr/bin/python3"})
          .option("client", &PythonOptions::client,
                  "Folder with the package `awslambdaric`, if it is neither in `code` nor in the "
                  "engine's own folder nor known to the interpreter.",
                  {.example = "./vendor"})
          .option("zygote", &PythonOptions::zygote, kZygoteSentence, {.at_least = "0s"})
          .then(check_python),
      &files_of<PythonOptions>));
}

config::RuntimeOptions node_options() {
  return with_documents(config::runtime_options(
      "lambda/node",
      "A function for AWS Lambda in JavaScript, by AWS's client `aws-lambda-ric` for Node.js.",
      Fields<NodeOptions>("", "")
          .option("code", &NodeOptions::code, "Folder of the modules.", {.required = true})
          .option("handler", &NodeOptions::handler, "The function to call, as `module.function`.",
                  {.example = "index.handler", .required = true})
          .option("interpreter", &NodeOptions::interpreter, "Command or path of Node.js.",
                  {.example = "/usr/bin/node"})
          .option("client", &NodeOptions::client,
                  "Folder with `node_modules/aws-lambda-ric`, if it is neither in `code` nor in "
                  "the engine's own folder.",
                  {.example = "./vendor"})
          .then(check_node),
      &files_of<NodeOptions>));
}

config::RuntimeOptions java_options() {
  return with_documents(config::runtime_options(
      "lambda/java",
      "A function for AWS Lambda in Java, by AWS's client "
      "`aws-lambda-java-runtime-interface-client`.",
      Fields<JavaOptions>("", "")
          .option("code", &JavaOptions::code,
                  "Folder of the classes, with libraries in its folder `lib`; or a jar.",
                  {.required = true})
          .option("handler", &JavaOptions::handler,
                  "The method to call, as `package.Class::method`, or a class that implements "
                  "`RequestHandler` or `RequestStreamHandler`.",
                  {.example = "example.Handler::handleRequest", .required = true})
          .option("interpreter", &JavaOptions::interpreter, "Command or path of Java.",
                  {.example = "/usr/bin/java"})
          .option("client", &JavaOptions::client,
                  "Folder with the jars of the client, if they are neither in `lib` of `code` nor "
                  "in the engine's own folder.",
                  {.example = "./vendor"})
          .then(check_java),
      &files_of<JavaOptions>));
}

config::RuntimeOptions provided_options() {
  return with_documents(config::runtime_options(
      "lambda/provided",
      "An executable that speaks AWS Lambda's Runtime API: Go, Rust, C++, a shell script.",
      Fields<ProvidedOptions>("", "")
          .option("code", &ProvidedOptions::code,
                  "Path of the executable, or a folder with one named `bootstrap`.",
                  {.required = true})
          .option("handler", &ProvidedOptions::handler,
                  "Value of the variable `_HANDLER`, for the executable to read.")
          .then(check_provided),
      files_of_provided));
}

}  // namespace pelton::worker::lambda
