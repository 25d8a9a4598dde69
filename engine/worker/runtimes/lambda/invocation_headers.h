// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::worker::lambda {

// The request id and client context that an event came with (engine/model/invocation_headers.h), if
// they may be passed on: other producers can write any header.
std::optional<std::string> own_request_id(const model::Frame& frame, std::uint32_t index);
std::optional<std::string> own_client_context(const model::Frame& frame, std::uint32_t index);

}  // namespace pelton::worker::lambda
