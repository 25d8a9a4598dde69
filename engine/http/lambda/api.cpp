// SPDX-License-Identifier: Apache-2.0
#include "engine/http/lambda/api.h"

#include "engine/http/json_text.h"
#include "engine/http/lambda/client_context.h"
#include "engine/http/lambda/error.h"
#include "engine/http/uuid.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::http {
namespace {

constexpr std::size_t kPayloadAtOnce = 64U << 10;
constexpr std::size_t kFunctionsPerPage = 50;
constexpr std::size_t kLongestPage = 10'000;
// Of a trace's header, which AWS's own has at most 200 bytes of.
constexpr std::size_t kLongestTrace = 512;

constexpr const char* kSynchronous = "RequestResponse";
constexpr const char* kAsynchronous = "Event";
constexpr const char* kDryRun = "DryRun";

// "2015-03-31"
bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

std::string header_or(const net::Request& request, std::string_view name,
                      const char* otherwise = "") {
  const std::string* value = request.header(name);
  return value == nullptr ? otherwise : *value;
}

// A number, or nothing.
std::optional<std::size_t> whole_number(const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Without what a slash at the end leaves.
std::vector<std::string> operation_path(const net::Request& request) {
  std::vector<std::string> path = request.path;
  if (!path.empty() && path.back().empty()) path.pop_back();
  return path;
}

FunctionName name_in(const net::Request& request, const std::string& segment) {
  FunctionName name = parse_function_name(segment);
  if (const std::string* qualifier = request.parameter("Qualifier")) name.qualifier = *qualifier;
  return name;
}

net::Response unsupported(const net::Request& request) {
  return lambda_error(501, "NotImplementedException",
                      fmt::format("{} {} is not available here", request.method,
                                  net::split_target(request.target).path.substr(0, 200)));
}

net::Response invalid_parameter(std::string_view message) {
  return lambda_error(400, "InvalidParameterValueException", message);
}

net::Response listed(const std::vector<LambdaFunction>& functions, const net::Request& request) {
  const std::string* const marker = request.parameter("Marker");
  std::size_t most = kFunctionsPerPage;
  if (const std::string* const text = request.parameter("MaxItems")) {
    const auto given = whole_number(*text);
    if (!given || *given < 1 || *given > kLongestPage)
      return invalid_parameter(fmt::format("MaxItems must be a number from 1 to {}", kLongestPage));
    most = std::min(*given, kFunctionsPerPage);
  }
  return {200, "application/json", list_json(functions, marker == nullptr ? "" : *marker, most)};
}

net::Response describe(const std::vector<LambdaFunction>& functions, const net::Request& request,
                       const std::vector<std::string>& path) {
  const LambdaFunction* found = find_function(functions, name_in(request, path[2]));
  if (found == nullptr) return no_such_function(path[2]);
  return {200, "application/json",
          path.size() == 4 ? configuration_json(*found) : function_json(*found)};
}

// The payload of an invocation is JSON.
std::optional<net::Response> fault_in(std::string_view payload) {
  const JsonCheck good = check_json(payload);
  if (good) return std::nullopt;
  return lambda_error(400, "InvalidRequestContentException",
                      fmt::format("Could not parse request body into json: {} at byte {}",
                                  good.error().what, good.error().at));
}

// Every response has the request's id.
net::Reply with_id(const std::string& id, net::Reply&& reply) {
  return [id, reply = std::move(reply)](net::Response response) mutable {
    response.headers.push_back({"x-amzn-RequestId", id});
    reply(std::move(response));
  };
}

// The function's own stream has it; then 202.
void append(Invocation&& invocation) {
  const auto event = invocation_event(invocation);
  // Shared by the refusal below and the commit: exactly one of them answers.
  const auto reply = std::make_shared<net::Reply>(std::move(invocation.reply));
  const auto refused = [](const Error& error) {
    return error.kind == ErrorKind::overloaded ? throttled("CallerRateLimitExceeded", error.message)
                                               : not_now(error.message);
  };
  const auto taken = invocation.function->calls->append(
      event, {},
      [reply, refused](const Status& durable) {
        (*reply)(durable ? net::Response{202, "", ""} : refused(durable.error()));
      },
      std::chrono::steady_clock::now());
  if (!taken) (*reply)(refused(taken.error()));
}

}  // namespace

bool LambdaApi::serves(const net::Request& request) {
  return !request.path.empty() && is_date(request.path.front());
}

void LambdaApi::handle(const LambdaFunctions& functions, net::Request&& request, net::Reply reply) {
  const std::vector<std::string> path = operation_path(request);
  const bool known = path.size() >= 2 && path[0] == "2015-03-31" && path[1] == "functions";
  const bool get = request.method == "GET";
  if (known && path.size() == 4 && path[3] == "invocations" && request.method == "POST")
    return invoke(functions, std::move(request), std::move(reply));
  reply = with_id(new_uuid(), std::move(reply));
  if (known && get && path.size() == 2) return reply(listed(*functions, request));
  if (known && get && (path.size() == 3 || (path.size() == 4 && path[3] == "configuration")))
    return reply(describe(*functions, request, path));
  reply(unsupported(request));
}

void LambdaApi::invoke(const LambdaFunctions& functions, net::Request&& request,
                       net::Reply&& reply) {
  Invocation invocation;
  invocation.id = new_uuid();
  invocation.begun = std::chrono::steady_clock::now();
  invocation.now = SystemClock().now();
  invocation.reply = with_id(invocation.id, std::move(reply));
  invocation.functions = functions;
  invocation.function = find_function(*functions, name_in(request, request.path[2]));
  if (invocation.function == nullptr) return invocation.reply(no_such_function(request.path[2]));
  const std::string type = header_or(request, "X-Amz-Invocation-Type", kSynchronous);
  if (type != kSynchronous && type != kAsynchronous && type != kDryRun)
    return invocation.reply(
        invalid_parameter("InvocationType must be one of RequestResponse, Event and DryRun"));
  auto context = read_client_context(header_or(request, "X-Amz-Client-Context"));
  if (!context)
    return invocation.reply(lambda_error(
        400, "InvalidRequestContentException",
        fmt::format("ClientContext must be a JSON object in base64 of at most {} bytes",
                    kLongestContext)));
  // AWS passes it on in synchronous calls only.
  if (type == kSynchronous) invocation.client_context = std::move(*context);
  if (std::string trace = header_or(request, "X-Amzn-Trace-Id"); trace.size() <= kLongestTrace)
    invocation.trace = std::move(trace);
  invocation.log_tail = header_or(request, "X-Amz-Log-Type") == "Tail";
  const std::size_t most = type == kAsynchronous ? kMostAsynchronous : kMostSynchronous;
  if (whole_number(header_or(request, "Content-Length")).value_or(0) > most)
    return invocation.reply(payload_too_large(most, type));
  // Shared with the invocation, which the answer takes with it.
  const std::shared_ptr<net::RequestBody> body = invocation.body = request.body;
  net::read_all(
      body, most,
      [this, type, most, invocation = std::move(invocation)](Result<std::string> whole) mutable {
        if (!whole) return invocation.reply(payload_too_large(most, type));
        invocation.payload = whole->empty() ? "{}" : std::move(*whole);
        if (invocation.payload.size() <= kPayloadAtOnce) return take(std::move(invocation), type);
        work_.run([this, type, invocation = std::move(invocation)]() mutable {
          take(std::move(invocation), type);
        });
      });
}

void LambdaApi::take(Invocation&& invocation, const std::string& type) {
  if (auto fault = fault_in(invocation.payload)) return invocation.reply(std::move(*fault));
  if (type == kDryRun) return invocation.reply({204, "", ""});
  if (type == kAsynchronous) return append(std::move(invocation));
  calls_.call(invocation_call(std::move(invocation)));
}

}  // namespace pelton::http
