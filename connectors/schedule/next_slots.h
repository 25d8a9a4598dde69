// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/options.h"
#include "engine/config/parts/connector.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pelton::schedule {

// Value. A schedule of a config and its next slots.
struct NextSlots {
  std::string name, stream;
  SourceOptions options;
  std::vector<Slot> slots;
  std::vector<Slot> due;  // of each: later by its jitter
};

// Of the connectors that are schedules: of all of them, or of the one of that name. E5001: there is
// none.
Result<std::vector<NextSlots>> next_slots(std::span<const config::Connector> connectors,
                                          const std::string& name, Slot now, std::uint32_t count);
// docs/json/schedule-next.schema.json.
std::string to_json(const std::vector<NextSlots>& schedules);

}  // namespace pelton::schedule
