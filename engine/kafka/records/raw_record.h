// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

// Value. A record byte for byte: what an event does not say of it (a null header, the text of a
// CloudEvent) is here.
struct RawHeader {
  std::string name;
  std::optional<std::string> value;  // absent: null
  friend bool operator==(const RawHeader&, const RawHeader&) = default;
};
struct RawRecord {
  std::optional<std::string> key, value;  // absent: null
  std::vector<RawHeader> headers;         // in order; names may repeat
  std::int64_t time_ms = 0;               // Unix time; 0: none (writing: now)
  std::optional<PartitionId> partition;   // writing: absent: as the key says
};

// A record of a topic at its place.
struct PlacedRecord {
  PartitionId partition;
  Offset offset = 0;
  RawRecord record;
};

}  // namespace pelton::kafka
