// SPDX-License-Identifier: Apache-2.0
#include "engine/http/lambda/invocation.h"

#include "engine/base/base64.h"
#include "engine/base/json_quoted.h"
#include "engine/base/utf8.h"
#include "engine/http/json_text.h"
#include "engine/http/lambda/error.h"
#include "engine/model/batch_builder.h"
#include "engine/model/invocation_headers.h"

#include <algorithm>
#include <utility>

namespace pelton::http {
namespace {

constexpr const char* kSourceName = "lambda";
constexpr Duration kLongestWait = std::chrono::seconds(20);
// Until the pool has ended what has reached its timeout.
constexpr Duration kGrace = std::chrono::seconds(5);
// As the Runtime API has it.
constexpr std::size_t kMostResponse = 6'291'556;
constexpr std::size_t kLogTail = 4096;
constexpr std::size_t kLookedThrough = 64U << 10;

// The last bytes of what AWS's log has of the invocation.
std::string log_tail(const CallRecord& record, const std::string& id) {
  std::string text = fmt::format("START RequestId: {} Version: $LATEST\n", id);
  for (const CallRecord::Line& line : record.lines) text += line.text + "\n";
  text += fmt::format("END RequestId: {}\n", id);
  if (record.report) {
    worker::InvocationReport report = *record.report;
    report.invocation = id;
    text += worker::report_line(report) + "\n";
  }
  return to_base64(std::string_view(text).substr(text.size() - std::min(text.size(), kLogTail)));
}

std::string stack_json(const std::string& stack) {
  std::string list;
  std::string_view rest = stack;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    list += (list.empty() ? "" : ",") + json_quoted(line);
  }
  return "[" + list + "]";
}

FunctionFault fault_of(const LambdaFunction& function, const std::string& id,
                       const CallFailure& failure) {
  if (failure.kind == CallFailure::Kind::timeout) return timed_out(id, function.timeout);
  if (failure.type == "WorkerCrashed") return exited(id, failure.message);
  if (failure.type == "WorkerCannotStart") return {"Runtime.InitError", failure.message};
  return {failure.type, failure.message};
}

net::Response function_error(std::string body) {
  net::Response response{200, "application/json", std::move(body)};
  response.headers.push_back({"X-Amz-Function-Error", "Unhandled"});
  return response;
}

// An output has the content type of its event unless the function says otherwise: that of a text,
// too. The shard cannot look through large ones.
bool is_document(std::string_view data) {
  return data.size() > kLookedThrough ? data[0] == '{' || data[0] == '[' || data[0] == '"'
                                      : check_json(data).has_value();
}

// What is not JSON is a text, but for functions whose answers are documents.
std::string payload_of(const LambdaFunction& function, const model::BatchPtr& outputs) {
  if (!outputs || outputs->size() == 0) return "null";
  const std::string_view data = outputs->data(0);
  return function.documents || is_document(data) || !is_utf8(data) ? std::string(data)
                                                                   : json_quoted(data);
}

net::Response answered(const LambdaFunction& function, const std::string& id,
                       const model::BatchPtr& outputs) {
  std::string payload = payload_of(function, outputs);
  if (payload.size() <= kMostResponse) return {200, "application/json", std::move(payload)};
  return function_error(function_error_json(
      function, id,
      {CallFailure::Kind::function, "Function.ResponseSizeTooLarge",
       fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).",
                   kMostResponse)}));
}

net::Response invocation_response(const LambdaFunction& function, const std::string& id,
                                  const CallAnswer& answer, const CallRecord* record) {
  if (!answer && answer.error().kind == CallFailure::Kind::overloaded)
    return throttled("ReservedFunctionConcurrentInvocationLimitExceeded",
                     "Rate Exceeded: " + answer.error().message);
  if (!answer && answer.error().kind == CallFailure::Kind::stopping)
    return not_now(answer.error().message);
  net::Response response = answer
                               ? answered(function, id, *answer)
                               : function_error(function_error_json(function, id, answer.error()));
  response.headers.push_back({"X-Amz-Executed-Version", "$LATEST"});
  if (record != nullptr) response.headers.push_back({"X-Amz-Log-Result", log_tail(*record, id)});
  return response;
}

}  // namespace

std::string function_error_json(const LambdaFunction& function, const std::string& id,
                                const CallFailure& failure) {
  const auto [type, message] = fault_of(function, id, failure);
  std::string json = fmt::format(R"({{"errorMessage":{},"errorType":{},"requestId":{})",
                                 json_quoted(message), json_quoted(type), json_quoted(id));
  // Node's client calls it otherwise.
  if (!failure.stack.empty())
    json += fmt::format(",\"{}\":{}", function.runtime.ends_with("node") ? "trace" : "stackTrace",
                        stack_json(failure.stack));
  return json + "}";
}

model::BatchPtr invocation_event(const Invocation& invocation) {
  model::EventView event;
  event.id = invocation.id;
  event.source = kSourceName;
  event.type = "invoke";
  event.content_type = "application/json";
  event.time_us = to_us(invocation.now);
  event.data = invocation.payload;
  event.headers.push_back({model::kRequestIdHeader, invocation.id});
  if (!invocation.client_context.empty())
    event.headers.push_back({model::kClientContextHeader, invocation.client_context});
  if (!invocation.trace.empty()) event.headers.push_back({model::kTraceHeader, invocation.trace});
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

Call invocation_call(Invocation&& invocation) {
  const LambdaFunction& function = *invocation.function;
  Call call;
  call.function = function.name;
  call.binding = call.stream = kSourceName;
  call.id = invocation.id;
  call.event = invocation_event(invocation);
  call.begin_by = invocation.begun + std::min(function.start_timeout, kLongestWait);
  call.deadline = *call.begin_by + function.timeout + kGrace;
  call.connection = std::move(invocation.body);
  if (invocation.log_tail) call.record = std::make_shared<CallRecord>();
  call.answer = [functions = std::move(invocation.functions), &function, id = invocation.id,
                 record = call.record,
                 reply = std::move(invocation.reply)](const CallAnswer& answer) mutable {
    reply(invocation_response(function, id, answer, record.get()));
  };
  return call;
}

}  // namespace pelton::http
