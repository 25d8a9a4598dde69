// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/function.h"

#include "engine/config/parts/function_code.h"
#include "engine/config/parts/function_environment.h"
#include "engine/config/spec/fields.h"

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
      fmt::format("the runtime {} is not available in this build, which has python and cpp", text));
  return true;
}

void check_scale(const Section& section, const std::string& prefix, ReadContext& context,
                 Scale& scale) {
  if (scale.min > scale.max)
    context.problems.error(
        section.place(prefix + "min"), "E1009",
        fmt::format("scale.min ({}) is more than scale.max ({})", scale.min, scale.max));
}

Fields<Scale> scale_fields() {
  return Fields<Scale>("scale", "Number of worker processes.")
      .option("min", &Scale::min, "Workers that keep running without work.",
              {.at_least = "0", .at_most = "1024"})
      .option("max", &Scale::max, "Maximum number of workers.",
              {.at_least = "1", .at_most = "1024"})
      .option("idle", &Scale::idle, "Idle time after which a worker above `min` is stopped.",
              {.at_least = "100ms", .at_most = "24h"})
      .then(check_scale);
}

Fields<Function> recycle_fields() {
  return Fields<Function>("recycle", "When a worker is replaced by a new one.")
      .option("events", &Function::recycle_events, "After this many events.",
              {.at_least = "1", .at_most = "1000000000", .example = "100000"})
      .option("memory", &Function::recycle_bytes, "When it uses more memory than this.",
              {.at_least = "16MiB", .example = "400MiB"});
}

void read_variables(const Node& node, ReadContext& context, Function& function) {
  function.environment = read_environment(node, context);
}

std::map<std::string, std::string> variables_of(const Function& function) {
  return function.environment;
}

const Fields<Function>& function_fields() {
  static const Fields<Function> fields =
      Fields<Function>("functions", "User code, how it is run, and its limits.")
          .choice("runtime", &Function::runtime, {{"python", "python"}, {"cpp", "cpp"}},
                  "Runtime that executes the function.", {.required = true})
          .option("code", &Function::code,
                  "Folder of the modules (`python`) or path of the executable (`cpp`).",
                  {.required = true})
          .option("handler", &Function::handler,
                  "The function to call, as `module:callable` (`python` only).",
                  {.example = "thumbnail:handle"})
          .option("interpreter", &Function::interpreter,
                  "Command or path of the Python interpreter, or the folder of a virtual "
                  "environment.",
                  {.example = "/usr/bin/python3"})
          .option("timeout", &Function::timeout,
                  "Time limit for one event. When it expires, the worker is killed and the event "
                  "is retried.",
                  {.at_least = "10ms", .at_most = "24h"})
          .option("memory", &Function::memory_bytes, "Limit on the data memory of each worker.",
                  {.at_least = "16MiB", .example = "512MiB"})
          .node("environment", OptionType::text_map, read_variables, variables_of,
                "Environment variables of the workers. Of the engine's own environment only "
                "`PATH`, `HOME`, `LANG`, `LC_*`, `TZ`, `TMPDIR` and `USER` are passed on.")
          .section(&Function::scale, scale_fields())
          .section(recycle_fields());
  return fields;
}

}  // namespace

const SectionSpec& function_spec() {
  return function_fields().spec();
}

std::optional<Function> parse_function(const std::string& name, const Node& node,
                                       ReadContext& context) {
  if (later_runtime(node, context.problems)) return std::nullopt;
  const Section section = read_section(node, function_spec(), "function " + name, context);
  Function function;
  function.name = name;
  function.place = node.place;
  function_fields().fill(section, "", context, function);
  // Which file must be there depends on the runtime.
  if (section.get<std::string>("runtime")) check_code(function, section, context);
  return function;
}

OptionChanges differences(const Function& before, const Function& after) {
  return function_fields().differences(before, after);
}

}  // namespace pelton::config
