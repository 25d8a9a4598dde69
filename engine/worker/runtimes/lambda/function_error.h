// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/runtimes/lambda/runtime_api.h"

#include <string>
#include <string_view>

namespace pelton::worker::lambda {

// The error that a client posts: {"errorType", "errorMessage", "stackTrace": [...]}, of which each
// may be missing; Node calls the last one "trace". `type` is that of the request's header, for a
// body without one. What is no such JSON is the message.
FunctionError read_error(std::string_view json, std::string_view type);

}  // namespace pelton::worker::lambda
