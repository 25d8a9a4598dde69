// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/function.h"

#include "engine/base/utf8.h"
#include "engine/config/parts/function_environment.h"
#include "engine/config/spec/fields.h"
#include "engine/config/spec/runtime_options.h"

#include <algorithm>

namespace pelton::config {
namespace {

void check_scale(const Section& section, const std::string& prefix, ReadContext& context,
                 Scale& scale) {
  if (scale.min > scale.max)
    context.problems.error(
        section.place(prefix + "min"), "E1009",
        fmt::format("scale.min ({}) is more than scale.max ({})", scale.min, scale.max));
}

Fields<Scale> scale_fields() {
  return Fields<Scale>("scale", "Number of worker processes.")
      .shorthand("max")
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

void refer_to_destinations(const Section& section, const std::string& prefix, ReadContext& context,
                           Async& async) {
  async.place = section.place(section_of(prefix));
  async.on_success_place = section.place(prefix + "on_success");
  async.on_failure_place = section.place(prefix + "on_failure");
  refer(section, prefix + "on_success", Reference::Kind::stream, context);
  refer(section, prefix + "on_failure", Reference::Kind::stream, context);
}

Fields<Async> async_fields() {
  return Fields<Async>("async",
                       "Asynchronous calls through AWS Lambda's API (`InvocationType` `Event`), "
                       "which wait in the stream `NAME.async` of the function.")
      .option("retries", &Async::retries, "Retries of a call that failed.",
              {.at_least = "0", .at_most = "100"})
      .option("retry_after", &Async::retry_after,
              "Delay before the first retry. Each further one is twice as long.",
              {.at_least = "1ms", .at_most = "24h"})
      .option("max_age", &Async::max_age,
              "Stop retrying once this much time has passed since the first attempt.",
              {.at_least = "1s"})
      .option("on_success", &Async::on_success,
              "Stream that receives a record of each call that succeeded.")
      .option("on_failure", &Async::on_failure,
              "Stream that receives a record of each call that failed for good, beside its dead "
              "letter.")
      .then(refer_to_destinations);
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
          .option("runtime", &Function::runtime,
                  "Runtime that executes the function. `pelton describe RUNTIME` lists its own "
                  "options.",
                  {.required = true})
          .option("timeout", &Function::timeout,
                  "Time limit for one event. When it expires, the worker is killed and the event "
                  "is retried.",
                  {.at_least = "10ms", .at_most = "24h"})
          .option("start_timeout", &Function::start_timeout,
                  "Time within which a worker has to be ready. A worker that is not is killed, and "
                  "another is started after a delay.",
                  {.at_least = "100ms", .at_most = "1h"})
          .option("memory", &Function::memory_bytes, "Limit on the data memory of each worker.",
                  {.at_least = "16MiB", .example = "512MiB"})
          .option("processes", &Function::processes,
                  "Limit on the processes of each worker, itself included. Where the kernel can "
                  "hold it (an engine that is not root, with `isolation`), threads count as well "
                  "and more are refused; elsewhere a worker with more is killed.",
                  {.at_least = "1", .at_most = "100000", .example = "64"})
          .option("open_files", &Function::open_files,
                  "Limit on the open files of each process of a worker.",
                  {.at_least = "256", .at_most = "1048576", .example = "1024"})
          .option("nice", &Function::nice,
                  "How far the workers stand back for other processes when processors are short: "
                  "0 as the engine, 19 the most.",
                  {.at_least = "0", .at_most = "19"})
          .option("logs", &Function::log_bytes,
                  "How much of the function's log lines is kept for `pelton logs`; 0 for none.",
                  {.at_most = "64GiB"})
          .node("environment", OptionType::text_map, read_variables, variables_of,
                "Environment variables of the workers. Of the engine's own environment only "
                "`PATH`, `HOME`, `LANG`, `LC_*`, `TZ`, `TMPDIR` and `USER` are passed on.")
          .section(&Function::isolation, isolation_fields())
          .section(&Function::scale, scale_fields())
          .section(recycle_fields())
          .section(&Function::async, async_fields());
  return fields;
}

const RuntimeOptions* find(std::span<const RuntimeOptions> runtimes, const std::string& name) {
  const auto at = std::ranges::find(runtimes, name, &RuntimeOptions::name);
  return at == runtimes.end() ? nullptr : &*at;
}

std::vector<std::string> keys_of(const SectionSpec& spec) {
  std::vector<std::string> keys;
  for (const OptionSpec& option : spec.options) keys.push_back(option.name);
  for (const SectionSpec& section : spec.sections) keys.push_back(section.name);
  return keys;
}

std::vector<std::string> keys_of(std::span<const RuntimeOptions> runtimes) {
  std::vector<std::string> keys;
  for (const RuntimeOptions& runtime : runtimes)
    std::ranges::move(keys_of(runtime.options.spec), std::back_inserter(keys));
  return keys;
}

// What other runtimes have would be ignored by this one.
void refuse_others(const std::string& who, const Node& node, const RuntimeOptions& runtime,
                   const std::vector<std::string>& of_any, Diagnostics& problems) {
  const std::vector<std::string> own = keys_of(runtime.options.spec);
  for (const auto& [key, value] : node.entries)
    if (std::ranges::find(of_any, key.text) != of_any.end() &&
        std::ranges::find(own, key.text) == own.end())
      problems.error(key.place, "E1031",
                     fmt::format("{}: `{}` does not apply to the runtime {}, whose options are {}",
                                 who, key.text, runtime.name, joined(own)));
}

// Only the folder of the config file can be other bytes than UTF-8, and with it what is below it.
// Workers are told the path as a text.
void refuse_other_encodings(const Section& section, const std::vector<FunctionFile>& files,
                            Diagnostics& problems) {
  for (const FunctionFile& file : files)
    if (!is_utf8(file.path.string()))
      problems.error(section.place(file.what), "E1014",
                     fmt::format("{}: the path {} is not UTF-8, as functions need it", file.what,
                                 to_utf8(file.path.string())));
}

// The engine would not reach them there.
void refuse_own_network(const Section& section, const RuntimeOptions& runtime,
                        const Function& function, Diagnostics& problems) {
  if (runtime.over_loopback && function.isolation.own_network())
    problems.error(section.place("isolation.network"), "E7312",
                   fmt::format("isolation.network: a worker of the runtime {} and the engine reach "
                               "each other over the machine's network; only `all` is possible",
                               runtime.name));
}

void compare_function(const Function* before, const Function* after, const std::string& name,
                      std::span<const RuntimeOptions> runtimes, OptionChanges& out) {
  if (const RuntimeOptions* runtime = find(runtimes, name))
    runtime->options.differences(before == nullptr ? nullptr : &before->settings,
                                 after == nullptr ? nullptr : &after->settings, "", out);
}

// An option that both runtimes have is one change, or none.
OptionChanges merged(OptionChanges gone, OptionChanges fresh) {
  for (OptionChange& change : fresh) {
    const auto same = std::ranges::find(gone, change.option, &OptionChange::option);
    if (same == gone.end()) continue;
    change.before = same->before;
    gone.erase(same);
  }
  std::erase_if(fresh, [](const OptionChange& change) { return change.before == change.after; });
  std::ranges::move(fresh, std::back_inserter(gone));
  return gone;
}

}  // namespace

SectionSpec function_spec(std::span<const RuntimeOptions> runtimes) {
  SectionSpec spec = function_fields().spec();
  OptionSpec& runtime = *std::ranges::find(spec.options, "runtime", &OptionSpec::name);
  runtime.type = OptionType::choice;
  for (const RuntimeOptions& one : runtimes) runtime.choices.push_back(one.name);
  return spec;
}

std::optional<Function> parse_function(const std::string& name, const Node& node,
                                       std::span<const RuntimeOptions> runtimes,
                                       ReadContext& context) {
  const std::string who = "function " + name;
  const std::vector<std::string> of_any = keys_of(runtimes);
  const Section section = read_section(node, function_spec(runtimes), who, context, of_any);
  Function function;
  function.name = name;
  function.place = node.place;
  function_fields().fill(section, "", context, function);
  // Which options it has otherwise depends on the runtime.
  const RuntimeOptions* runtime = find(runtimes, function.runtime);
  if (runtime == nullptr) return std::nullopt;
  refuse_others(who, node, *runtime, of_any, context.problems);
  // Unknown keys have been reported.
  std::vector<std::string> all;
  for (const auto& [key, value] : node.entries) all.push_back(key.text);
  const Section own = read_section(node, runtime->options.spec, who, context, all);
  function.settings = runtime->options.read(own, "", context);
  function.files = runtime->files(function.settings);
  refuse_other_encodings(own, function.files, context.problems);
  function.takes_documents = runtime->takes_documents;
  refuse_own_network(section, *runtime, function, context.problems);
  return function;
}

OptionChanges differences(const Function& before, const Function& after,
                          std::span<const RuntimeOptions> runtimes) {
  OptionChanges out = function_fields().differences(before, after);
  if (before.runtime == after.runtime) {
    compare_function(&before, &after, after.runtime, runtimes, out);
  } else {
    OptionChanges gone;
    OptionChanges fresh;
    compare_function(&before, nullptr, before.runtime, runtimes, gone);
    compare_function(nullptr, &after, after.runtime, runtimes, fresh);
    std::ranges::move(merged(std::move(gone), std::move(fresh)), std::back_inserter(out));
  }
  return out;
}

}  // namespace pelton::config
