// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/function_code.h"
#include "engine/config/parts/function_environment.h"
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

// Runtimes that the project knows but this build does not have.
bool later_runtime(const Node& node, Diagnostics& problems) {
  const Node* runtime = node.find("runtime");
  if (runtime == nullptr) return false;
  const std::string& text = runtime->text;
  if (text != "node" && text != "http" && !text.starts_with("lambda/")) return false;
  problems.error(
      runtime->place, "E1015",
      fmt::format("the runtime {} is not in this build, which has python and cpp", text));
  return true;
}

Scale scale_of(const Section& section, Diagnostics& problems) {
  const Scale scale{count(section, "scale.min"), count(section, "scale.max"),
                    section.value<Duration>("scale.idle")};
  if (scale.min > scale.max)
    problems.error(section.place("scale.min"), "E1009",
                   fmt::format("scale.min ({}) is more than scale.max ({})", scale.min, scale.max));
  return scale;
}

}  // namespace

std::optional<Function> parse_function(const std::string& name, const Node& node,
                                       ReadContext& context) {
  if (later_runtime(node, context.problems)) return std::nullopt;
  const Section section = read_section(node, function_spec(), "function " + name, context);
  Function function;
  function.name = name;
  function.place = node.place;
  const auto runtime = section.get<std::string>("runtime");
  function.runtime = runtime.value_or("");
  function.code = section.value<std::filesystem::path>("code");
  function.handler = section.value<std::string>("handler");
  function.interpreter = section.value<std::string>("interpreter");
  function.timeout = section.value<Duration>("timeout");
  function.memory_bytes = section.get<std::uint64_t>("memory");
  function.scale = scale_of(section, context.problems);
  if (const auto events = section.get<std::int64_t>("recycle.events"))
    function.recycle_events = static_cast<std::uint64_t>(*events);
  function.recycle_bytes = section.get<std::uint64_t>("recycle.memory");
  if (const Node* environment = section.node("environment"))
    function.environment = read_environment(*environment, context);
  // Which file must be there depends on the runtime.
  if (runtime) check_code(function, section, context);
  return function;
}

}  // namespace pelton::config
