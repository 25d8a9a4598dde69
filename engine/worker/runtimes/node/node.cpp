// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/node/node.h"

#include "engine/config/spec/fields.h"
#include "engine/worker/runtimes/aws_sdk_v2.h"
#include "engine/worker/runtimes/interpreter.h"
#include "engine/worker/runtimes/native/native.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pelton::worker::node {
namespace {

namespace fs = std::filesystem;

// As functions/sdk/node/lib/loader.js looks for them.
constexpr std::array<const char*, 6> kEndings{"", ".mjs", ".js", ".cjs", "/index.mjs", "/index.js"};

bool is_there(const fs::path& code, const std::string& module) {
  return std::ranges::any_of(kEndings, [&](const char* ending) {
    std::error_code ignored;
    return fs::is_regular_file(code / (module + ending), ignored);
  });
}

void check(const config::Section& section, const std::string&, config::ReadContext& context,
           Options& options) {
  resolve_interpreter(options.interpreter, {}, section, context);
  const auto problem = [&](const char* option, const char* code, const std::string& why) {
    context.problems.error(section.place(option), code, fmt::format("{}: {}", option, why));
  };
  // Otherwise it has been refused already.
  if (options.code.empty() || options.handler.empty()) return;
  const auto colon = options.handler.rfind(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == options.handler.size())
    return problem("handler", "E1008",
                   fmt::format("\"{}\" is not module:function, such as thumbnail:handle",
                               section.written("handler")));
  const std::string folder = options.code.string();
  std::error_code ignored;
  if (!fs::exists(options.code, ignored))
    return problem("code", "E1014", fmt::format("the folder {} does not exist", folder));
  if (!fs::is_directory(options.code, ignored))
    return problem(
        "code", "E1014",
        fmt::format("{} is a file; a node function names the folder of its modules", folder));
  const std::string module = options.handler.substr(0, colon);
  if (!is_there(options.code, module))
    problem("handler", "E1014",
            fmt::format("there is no module {0} in {1} (no {0}.mjs, {0}.js or {0}.cjs)", module,
                        folder));
}

std::vector<config::FunctionFile> files(const Options& options) {
  std::vector<config::FunctionFile> files{{"code", options.code}};
  if (const fs::path interpreter(options.interpreter); interpreter.is_absolute())
    files.push_back({"interpreter", interpreter});
  return files;
}

Result<PreparedWorker> prepare(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const Options&>(setup.function.settings);
  const fs::path package = setup.sdks / "node";
  if (auto ok = require_package(package / "pelton" / "worker.js"); !ok)
    return std::unexpected(ok.error());
  LaunchPlan plan;
  plan.command = {options.interpreter};
  // The collector works harder before the process is at its limit; the rest is for buffers, code
  // and stacks.
  if (const auto memory = setup.function.memory_bytes)
    plan.command.push_back(fmt::format("--max-old-space-size={}", (*memory / 4 * 3) >> 20));
  teach_aws_sdk_v2(setup, plan);
  plan.command.push_back((package / "pelton" / "worker.js").string());
  // `require("pelton")` looks here. The worker takes it out of what the function's children have.
  std::string& path = plan.environment["NODE_PATH"] = package.string();
  if (const auto own = setup.function.environment.find("NODE_PATH");
      own != setup.function.environment.end())
    path += ":" + own->second;
  plan.reads.push_back(package.string());
  plan.folder = options.code.string();
  return native::with_session(setup, std::move(plan), {options.code.string(), options.handler});
}

}  // namespace

RuntimeSpec runtime() {
  return {
      config::runtime_options(
          "node", "A module of JavaScript, for Node.js 18.19 or later.",
          config::Fields<Options>("", "")
              .option("code", &Options::code, "Folder of the modules.", {.required = true})
              .option("handler", &Options::handler, "The function to call, as `module:function`.",
                      {.example = "thumbnail:handle", .required = true})
              .option("interpreter", &Options::interpreter, "Command or path of Node.js.",
                      {.example = "/usr/bin/node"})
              .then(check),
          files),
      prepare};
}

}  // namespace pelton::worker::node
