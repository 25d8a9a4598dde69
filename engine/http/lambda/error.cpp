// SPDX-License-Identifier: Apache-2.0
#include "engine/http/lambda/error.h"

#include "engine/base/json_quoted.h"

#include <fmt/format.h>

namespace pelton::http {
namespace {

net::Response named_error(unsigned status, std::string_view name, std::string body) {
  net::Response response{status, "application/json", std::move(body)};
  response.headers.push_back({"x-amzn-ErrorType", std::string(name)});
  return response;
}

}  // namespace

net::Response lambda_error(unsigned status, std::string_view name, std::string_view message) {
  // AWS's models disagree on the case of this member.
  const bool upper = name == "ResourceNotFoundException" || status >= 500;
  return named_error(status, name,
                     fmt::format(R"({{"Type":"{}","{}":{}}})", status >= 500 ? "Service" : "User",
                                 upper ? "Message" : "message", json_quoted(message)));
}

net::Response no_such_function(std::string_view name) {
  return lambda_error(404, "ResourceNotFoundException",
                      fmt::format("Function not found: {}", name));
}

net::Response throttled(std::string_view reason, std::string_view message) {
  net::Response response = named_error(429, "TooManyRequestsException",
                                       fmt::format(R"({{"Type":"User","message":{},"Reason":{}}})",
                                                   json_quoted(message), json_quoted(reason)));
  response.headers.push_back({"Retry-After", "1"});
  return response;
}

net::Response not_now(std::string_view message) {
  net::Response response = lambda_error(503, "ServiceUnavailableException", message);
  response.headers.push_back({"Retry-After", "1"});
  return response;
}

net::Response payload_too_large(std::size_t limit, std::string_view type) {
  return lambda_error(413, "RequestEntityTooLargeException",
                      fmt::format("the payload is too large for the {} invocation type (limit {} "
                                  "bytes)",
                                  type, limit));
}

FunctionFault timed_out(std::string_view request_id, Duration timeout) {
  return {"Sandbox.Timedout",
          fmt::format("RequestId: {} Error: Task timed out after {:.2f} seconds", request_id,
                      std::chrono::duration<double>(timeout).count())};
}

FunctionFault exited(std::string_view request_id, std::string_view how) {
  return {"Runtime.ExitError", fmt::format("RequestId: {} Error: {}", request_id, how)};
}

}  // namespace pelton::http
