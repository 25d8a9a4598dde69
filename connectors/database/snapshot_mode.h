// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pelton::database {

// When the rows that the tables hold already become events.
enum class SnapshotMode : std::uint8_t {
  initial,      // at the first start
  never,        //
  only,         // at the first start, and no changes after that
  when_needed,  // at the first start, and instead of stopping at a gap
};

}  // namespace pelton::database
