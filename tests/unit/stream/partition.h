// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

namespace pelton::stream {

// The partition of tests that need only one.
inline constexpr PartitionId kP{0};

}  // namespace pelton::stream
