// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/planner.h"

#include <optional>
#include <string>
#include <string_view>

namespace pelton::schedule {

// A position as the ledger has it, with the identity of the schedule that it belongs to: JSON,
// described in docs/formats.md.
struct StoredPosition {
  std::string identity;
  SlotProgress position;
};

std::string encode(const StoredPosition& stored);
// Nothing: it is damaged.
std::optional<StoredPosition> decode_position(std::string_view text);

}  // namespace pelton::schedule
