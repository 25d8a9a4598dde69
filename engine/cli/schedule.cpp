// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/next_slots.h"
#include "engine/base/units.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace pelton::cli {
namespace {

using schedule::NextSlots;
using schedule::Slot;

struct NextOptions {
  std::string name;
  std::vector<std::string> config;
  std::uint32_t count = 5;
  std::string format = "text";
};

void print_slots(const NextSlots& schedule, Slot now) {
  const schedule::Zone& zone = schedule.options.timezone;
  print("{}  {}  {}\n", painted(Paint::heading, schedule.name), schedule.options.expression(),
        zone.name());
  if (schedule.slots.empty()) return print("no more slots\n");
  Table table({"LOCAL TIME", "UTC", "DUE IN"});
  for (std::size_t i = 0; i < schedule.slots.size(); ++i)
    table.add({zone.text(schedule.slots[i]), format_time(schedule.slots[i]),
               age_text(static_cast<double>((schedule.due[i] - now).count()))});
  print("{}", table.text());
}

// For output as JSON, where an error is one object.
Result<std::optional<config::Config>> load_or_first_error(const Files& files) {
  auto loaded = load_config(files);
  if (loaded.config) return std::move(loaded.config);
  const auto first =
      std::ranges::find(loaded.problems, config::Severity::error, &config::Diagnostic::severity);
  return fail(ErrorKind::invalid, first->code, "{}:{}:{}: {}", first->file, first->place.line,
              first->place.column, first->message);
}

Result<int> show_next(const NextOptions& options) {
  const Files files(options.config.begin(), options.config.end());
  const bool json = options.format == "json";
  const auto config =
      json ? load_or_first_error(files)
           : Result<std::optional<config::Config>>(load_or_complain(files, Warnings::shown));
  if (!config) return std::unexpected(config.error());
  if (!*config) return kConfigInvalid;
  const auto now = std::chrono::floor<std::chrono::seconds>(SystemClock().now());
  const auto found = schedule::next_slots((*config)->connectors, options.name, now, options.count);
  if (!found) return std::unexpected(found.error());
  if (json) {
    print("{}\n", schedule::to_json(*found));
    return kOk;
  }
  for (const NextSlots& each : *found) {
    if (&each != &found->front()) print("\n");
    print_slots(each, now);
  }
  return kOk;
}

}  // namespace

void add_schedule(CLI::App& app, Run& chosen) {
  auto* group = app.add_subcommand("schedule", "the schedules of a config file");
  group->require_subcommand(1);
  auto* command = group->add_subcommand("next", "their next slots; needs no engine");
  auto options = std::make_shared<NextOptions>();
  command->add_option("NAME", options->name, "connector (default: every schedule)");
  command->add_option("--config", options->config, "config file; may be repeated ($PELTON_CONFIG)")
      ->envname("PELTON_CONFIG")
      ->allow_extra_args(false)  // what follows it is NAME
      ->required();
  command->add_option("--count", options->count, "slots of each schedule (default: 5)")
      ->check(CLI::Range(1, 10'000));
  add_format(*command, options->format);
  command->footer("Example: pelton schedule next nightly --count 10 --config pelton.yaml");
  command->callback([&chosen, options] { chosen = [options] { return show_next(*options); }; });
}

}  // namespace pelton::cli
