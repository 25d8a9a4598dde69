// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/next_slots.h"

#include "engine/base/units.h"
#include "engine/config/yaml/diagnostic.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <any>

namespace pelton::schedule {
namespace {

namespace json = boost::json;

NextSlots slots_of(const config::Connector& connector, Slot now, std::uint32_t count) {
  NextSlots out{connector.name,
                connector.stream,
                std::any_cast<const SourceOptions&>(connector.settings),
                {},
                {}};
  const Recurrence recurrence = out.options.recurrence();
  const Planner planner(recurrence, out.options.policy(), first_position(now));
  for (auto slot = recurrence.next(now); slot && out.slots.size() < count;
       slot = recurrence.next(*slot)) {
    out.slots.push_back(*slot);
    out.due.push_back(planner.due_time(*slot));
  }
  return out;
}

json::object json_of(const NextSlots& schedule) {
  json::array slots;
  for (std::size_t i = 0; i < schedule.slots.size(); ++i)
    slots.push_back({{"time", format_time(schedule.slots[i])},
                     {"local_time", schedule.options.timezone.text(schedule.slots[i])},
                     {"due", format_time(schedule.due[i])}});
  return {{"name", schedule.name},
          {"stream", schedule.stream},
          {"expression", schedule.options.expression()},
          {"timezone", schedule.options.timezone.name()},
          {"slots", std::move(slots)}};
}

}  // namespace

Result<std::vector<NextSlots>> next_slots(std::span<const config::Connector> connectors,
                                          const std::string& name, Slot now, std::uint32_t count) {
  std::vector<NextSlots> found;
  std::vector<std::string> names;
  for (const config::Connector& connector : connectors) {
    if (connector.type != "schedule") continue;
    names.push_back(connector.name);
    if (name.empty() || name == connector.name) found.push_back(slots_of(connector, now, count));
  }
  if (!found.empty()) return found;
  if (names.empty()) return fail(ErrorKind::invalid, "E5001", "there is no schedule in the config");
  return fail(ErrorKind::invalid, "E5001", "there is no schedule {}{}", name,
              config::did_you_mean(name, names));
}

std::string to_json(const std::vector<NextSlots>& schedules) {
  json::array out;
  for (const NextSlots& schedule : schedules) out.push_back(json_of(schedule));
  return json::serialize(json::object{{"schedules", std::move(out)}});
}

}  // namespace pelton::schedule
