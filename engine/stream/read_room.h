// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"

namespace pelton::stream {

// Whether events may be read for a binding: they are read ahead first, and then unsettled. Without
// a budget there is always room. Thread-safe.
inline bool room_to_read(MemoryBudget* memory) {
  return memory == nullptr ||
         (memory->room(MemoryUse::read_ahead) && memory->room(MemoryUse::unsettled));
}

}  // namespace pelton::stream
