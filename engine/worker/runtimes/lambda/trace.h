// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/model/frame.h"

#include <cstdint>
#include <string>

namespace pelton::worker::lambda {

// "Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1": the event's own trace (header `traceparent`,
// W3C Trace Context) as X-Ray writes it, or a new one that is not sampled.
std::string trace_id(const model::Frame& frame, std::uint32_t index, WallTime now);

}  // namespace pelton::worker::lambda
