// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/route.h"
#include "engine/http/invoke/call.h"
#include "engine/net/message.h"

#include <string>
#include <string_view>

namespace pelton::http {

// The header of a native answer that has the status.
inline constexpr std::string_view kStatusHeader = ":status";

// The response that a function's answer means, as its route has it: the object of a proxy
// integration (statusCode, headers, multiValueHeaders, cookies, body, isBase64Encoded; in version 2
// anything else is a body of its own), or a native function's first output, whose header ":status"
// is the status and whose other headers are those of the response. invalid (E7067): it is not a
// proper one.
Result<net::Response> function_response(config::Exchange exchange, const model::BatchPtr& outputs);

// For a call without an answer. The client learns nothing of what went wrong within the function.
net::Response failure_response(config::Exchange exchange, const CallFailure& failure);

}  // namespace pelton::http
