// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/function.h"
#include "engine/model/frame.h"

#include <cstdint>
#include <string>

namespace pelton::worker::lambda {

// "Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1;Lineage=<8 hex>:0", as X-Ray writes a trace:
// that of the event (header `x-amzn-trace-id`, which AWS's clients send, or `traceparent` of W3C),
// or a new one, which is recorded where the function has an address of X-Ray's daemon. Lineage is
// how often functions have been called before on the way to this call, the function itself
// included: clients send it on.
std::string trace_id(const model::Frame& frame, std::uint32_t index,
                     const config::Function& function, WallTime now);

// How often the function has been called before on the way to this call, by Lineage.
std::uint32_t rounds(const model::Frame& frame, std::uint32_t index,
                     const config::Function& function);
// A function that is called by way of itself so often is in a loop.
inline constexpr std::uint32_t kMostRounds = 16;

}  // namespace pelton::worker::lambda
