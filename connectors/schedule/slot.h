// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <chrono>

namespace pelton::schedule {

// A point in time at which a schedule gives an event: Unix time in whole seconds.
using Slot = std::chrono::sys_seconds;

constexpr WallTime time_of(Slot slot) {
  return slot;
}

}  // namespace pelton::schedule
