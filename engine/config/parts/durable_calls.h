// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/delivery.h"
#include "engine/config/parts/request_field.h"
#include "engine/config/yaml/place.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

template <typename Struct>
class Fields;

// Value. How the calls of a route are kept, with their results (durable_routes.h). The members'
// initialisers are the defaults.
struct DurableCalls {
  bool enabled = true;
  Duration keep{std::chrono::hours(24)};  // a result, for repeated requests
  std::uint32_t keys = 1'000'000;         // most that are remembered at a time
  bool require_key = false;
  // Of a request: keys with different values of it are different keys. Absent: all are the same.
  std::optional<RequestField> per;
  // Streams that outputs of the function may name.
  std::vector<std::string> to;
  Retry retry;

  // ---- what the file says, for checks
  Place place, to_place;
};

Fields<DurableCalls> durable_fields();

}  // namespace pelton::config
