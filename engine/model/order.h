// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pelton::model {

// Which events of a partition wait for one another: those of the same key, all, none.
enum class Order : std::uint8_t { key, partition, none };

}  // namespace pelton::model
