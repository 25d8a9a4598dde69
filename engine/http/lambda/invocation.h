// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/call.h"
#include "engine/http/lambda/functions.h"
#include "engine/net/message.h"

#include <string>

namespace pelton::http {

// Value. A request to AWS Lambda's Invoke, whole and checked. Moved to whoever answers it.
struct Invocation {
  LambdaFunctions functions;  // keeps `function`
  const LambdaFunction* function = nullptr;
  std::string id;              // of the request
  std::string payload;         // JSON
  std::string client_context;  // JSON in ASCII; empty: none
  std::string trace;           // X-Amzn-Trace-Id; empty: none
  bool log_tail = false;
  std::chrono::steady_clock::time_point begun{};
  WallTime now{};
  std::shared_ptr<net::RequestBody> body;  // shared with its connection
  net::Reply reply;
};

// The event that it gives its function: the payload, with the request's id and client context in
// headers that no HTTP client can send (model/invocation_headers.h).
model::BatchPtr invocation_event(const Invocation& invocation);

// As a synchronous call, whose answer makes the response and replies. One that no worker
// takes within 20 seconds, or the function's `start_timeout` if that is shorter, is throttled.
Call invocation_call(Invocation&& invocation);

// The JSON of an error that a function, or what runs it, ended with.
std::string function_error_json(const LambdaFunction& function, const std::string& id,
                                const CallFailure& failure);

}  // namespace pelton::http
