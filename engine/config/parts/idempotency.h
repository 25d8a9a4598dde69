// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/filter_rule.h"

#include <vector>

namespace pelton::config {

struct Idempotency {
  std::vector<FieldRef> key;  // idempotency.key: one field or a list of them
  Duration ttl{};             // idempotency.ttl
};

}  // namespace pelton::config
