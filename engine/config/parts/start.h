// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

namespace pelton::config {

// Where a binding without a stored cursor, or a new consumer group, begins.
struct Start {
  enum class Kind { earliest, latest, time } kind = Kind::earliest;
  WallTime time{};
};

}  // namespace pelton::config
