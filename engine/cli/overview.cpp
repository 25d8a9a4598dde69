// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/overview.h"

#include "connectors/schedule/next_slots.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace pelton::cli {
namespace {

std::string routes_table(const config::Config& config) {
  Table table({"METHOD", "PATH", "FUNCTION", "TRY"});
  for (const config::Route& route : config.routes) {
    const auto listener =
        std::ranges::find(config.listeners, route.listener, &config::Listener::name);
    if (listener == config.listeners.end()) continue;
    table.add({config::methods_text(route), route.path.text(), route.function.value_or(""),
               config::curl_command(
                   route, config::origin_of(*listener, config::listen_text(listener->address)))});
  }
  return table.text();
}

std::string data_option(const config::Config& config) {
  return fmt::format("--data '{}'", config.engine.data.string());
}

// The functions that read the stream.
std::string readers_of(const config::Config& config, std::string_view stream) {
  std::vector<std::string> names;
  for (const config::Binding& binding : config.bindings)
    if (binding.from == stream) names.push_back(binding.function);
  return fmt::format("{}", fmt::join(names, ", "));
}

// A connector without a schedule is none.
std::string schedules_table(const config::Config& config, std::set<std::string>& shown) {
  const auto now = std::chrono::floor<std::chrono::seconds>(SystemClock().now());
  const auto found = schedule::next_slots(config.connectors, "", now, 1);
  if (!found || found->empty()) return {};
  Table table({"SCHEDULE", "NEXT", "FUNCTION", "TRY"});
  for (const schedule::NextSlots& each : *found) {
    const auto source = std::ranges::find(config.connectors, each.name, &config::Connector::name);
    if (source == config.connectors.end()) continue;
    shown.insert(source->stream);
    const std::string function = readers_of(config, source->stream);
    table.add({each.options.expression(),
               each.slots.empty() ? "-" : format_time(each.slots.front()), function,
               fmt::format("pelton event new schedule | pelton invoke {} --event - {}", function,
                           data_option(config))});
  }
  return table.text();
}

std::string bindings_table(const config::Config& config, const std::set<std::string>& shown) {
  Table table({"STREAM", "FUNCTION", "TRY"});
  bool any = false;
  for (const config::Binding& binding : config.bindings) {
    if (shown.contains(binding.from)) continue;
    any = true;
    table.add(
        {binding.from, binding.function,
         fmt::format("echo '{{}}' | pelton produce {} {}", binding.from, data_option(config))});
  }
  return any ? table.text() : std::string();
}

}  // namespace

std::string overview(const config::Config& config) {
  std::set<std::string> scheduled;
  const std::string schedules = schedules_table(config, scheduled);
  std::string text;
  for (const std::string& table : {config.routes.empty() ? std::string() : routes_table(config),
                                   schedules, bindings_table(config, scheduled)})
    if (!table.empty()) text += (text.empty() ? "" : "\n") + table;
  return text;
}

}  // namespace pelton::cli
