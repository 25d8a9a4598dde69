// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/net/message.h"

#include <string>
#include <string_view>

namespace pelton::http {

// Errors as AWS Lambda's API has them: the name in `x-amzn-ErrorType`, and {"Type", "Message"}.
net::Response lambda_error(unsigned status, std::string_view name, std::string_view message);

net::Response no_such_function(std::string_view name);
// 429, with `Retry-After` and the reason.
net::Response throttled(std::string_view reason, std::string_view message);
// 503, for as long as the engine cannot do it.
net::Response not_now(std::string_view message);
net::Response payload_too_large(std::size_t limit, std::string_view type);

// Value. How a function failed where it could not say so itself, in AWS's words.
struct FunctionFault {
  std::string type, message;
};
FunctionFault timed_out(std::string_view request_id, Duration timeout);
// `how`: "exit 3", "signal 9".
FunctionFault exited(std::string_view request_id, std::string_view how);

}  // namespace pelton::http
