// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/filter_rule.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace pelton::config {

struct Idempotency {
  std::vector<FieldRef> key;             // one field or a list of them
  Duration ttl{std::chrono::hours(24)};  // how long a completed key is remembered, at least
  std::uint64_t memory = 1ULL << 30;     // for all of them; half of it for the keys of one ttl
};

}  // namespace pelton::config
