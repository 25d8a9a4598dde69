// SPDX-License-Identifier: Apache-2.0
#include "engine/import/lambda_function.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace pelton::importer {
namespace {

// Those that AWS no longer updates.
constexpr std::string_view kOld =
    "nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x "
    "nodejs16.x nodejs18.x python2.7 python3.6 python3.7 python3.8 python3.9 java8 go1.x provided";

bool is_old(std::string_view runtime) {
  const std::string word = fmt::format(" {} ", runtime);
  return fmt::format(" {} ", kOld).find(word) != std::string::npos;
}

struct Family {
  std::string_view begin;
  std::string_view runtime;  // empty: there is none here
  std::string_view run_by;
};

constexpr std::array kFamilies{
    Family{"nodejs", "lambda/node", "the Node.js that is installed"},
    Family{"python", "lambda/python", "the Python that is installed"},
    Family{"java", "lambda/java", "the Java that is installed"},
    Family{"provided", "lambda/provided", "this system"},
    Family{"go", "lambda/provided", "this system"},
    Family{"ruby", "", ""},
    Family{"dotnet", "", ""},
};

std::vector<std::string> family_examples() {
  return {"nodejs22.x", "python3.12", "java21", "provided.al2023", "ruby3.3", "dotnet8"};
}

const Family* family_of(const std::string& runtime) {
  const auto at = std::ranges::find_if(
      kFamilies, [&](const Family& family) { return runtime.starts_with(family.begin); });
  return at == kFamilies.end() ? nullptr : &*at;
}

// `handler` of an executable is its path, or a name that it may read.
std::pair<std::string, std::string> program_and_handler(const FunctionSource& source) {
  if (source.code == "." && source.handler.find('/') != std::string::npos)
    return {source.handler, source.handler.substr(source.handler.rfind('/') + 1)};
  return {source.code, source.handler.empty() ? "bootstrap" : source.handler};
}

// What one may not set, and AWS refuses too.
bool reserved(std::string_view name) {
  return name.starts_with("AWS_LAMBDA_") || name == "_HANDLER" || name == "LAMBDA_TASK_ROOT";
}

Node environment_of(const FunctionSource& source, Reader& reader) {
  Map environment(source.place);
  for (std::size_t i = 0; i < source.environment.size(); ++i) {
    const auto& [name, value] = source.environment[i];
    const bool again = std::any_of(
        source.environment.begin() + static_cast<std::ptrdiff_t>(i) + 1, source.environment.end(),
        [&](const auto& later) { return later.first.text == name.text; });
    if (again || value.kind == Node::Kind::null) continue;
    if (reserved(name.text)) {
      reader.ignored(name.place, "the variable " + name.text, "is reserved and is ignored");
      continue;
    }
    auto text = reader.resources.written(value);
    if (!text) continue;
    Node node = written(std::move(*text), value.place);
    node.quoted = true;
    environment.add(name, std::move(node));
  }
  const auto add = [&](const char* name, Node value) {
    const bool own = std::ranges::any_of(
        source.environment, [&](const auto& entry) { return entry.first.text == name; });
    if (!own) environment.add(name, std::move(value));
  };
  add("AWS_REGION", quoted(reader.variables.region(), source.place));
  if (source.traced) {
    Node address = written("${env:AWS_XRAY_DAEMON_ADDRESS:-127.0.0.1:2000}", source.place);
    address.quoted = true;
    add("AWS_XRAY_DAEMON_ADDRESS", std::move(address));
  }
  return environment.take();
}

void add_code(Map& options, const Family& family, const FunctionSource& source) {
  std::string code = source.code;
  std::string handler = source.handler;
  if (family.runtime == "lambda/provided") std::tie(code, handler) = program_and_handler(source);
  options.add("code", quoted(code, source.handler_place));
  options.add("handler", quoted(handler, source.handler_place));
}

// Of a runtime that this build has; nothing, and a warning.
const Family* usable_family(const FunctionSource& source, Reader& reader) {
  const auto broken = [&](Place place, const std::string& why) {
    reader.problems.warning(place, "E1108",
                            fmt::format("the function {} is left out: {}", source.name, why));
    return nullptr;
  };
  if (source.container) return broken(source.place, "container images are not run");
  if (source.runtime.empty()) return broken(source.place, "it has no runtime");
  const Family* family = family_of(source.runtime);
  if (family == nullptr)
    return broken(source.runtime_place,
                  fmt::format("there is no runtime {}{}", source.runtime,
                              config::did_you_mean(source.runtime, family_examples())));
  if (family->runtime.empty())
    return broken(source.runtime_place,
                  fmt::format("the runtime {} is not available", source.runtime));
  if (source.handler.empty() && family->runtime != "lambda/provided")
    return broken(source.place, "it has no handler");
  if (source.code.ends_with(".zip"))
    return broken(source.handler_place,
                  fmt::format("{} is packed; unpack it and name the folder", source.code));
  if (is_old(source.runtime))
    reader.once(source.runtime_place, "E1109",
                fmt::format("{} is an old runtime; functions of it are run by {}", source.runtime,
                            family->run_by));
  return family;
}

}  // namespace

void add_environment(const Node* section, std::vector<std::pair<Node, Node>>& all) {
  if (section == nullptr) return;
  for (const auto& entry : section->entries) all.push_back(entry);
}

std::optional<Function> make_function(const FunctionSource& source, Reader& reader) {
  const Family* family = usable_family(source, reader);
  if (family == nullptr) return std::nullopt;
  Map options(source.place);
  options.add("runtime", plain(family->runtime, source.runtime_place));
  add_code(options, *family, source);
  options.add("timeout", plain(fmt::format("{}s", source.timeout_s), source.place));
  options.add("memory", plain(fmt::format("{}MiB", source.memory_mb), source.place));
  // Java's client unpacks to a fixed path, so that two workers would be in each other's way.
  const std::uint64_t most = family->runtime == "lambda/java" ? 1 : 4;
  options.add("scale", plain(std::to_string(source.concurrency.value_or(most)), source.place));
  options.add("environment", environment_of(source, reader));
  return Function{source.name, source.place, options.take(), {}, {}};
}

}  // namespace pelton::importer
