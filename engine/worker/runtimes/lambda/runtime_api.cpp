// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/runtime_api.h"

#include "engine/base/base64.h"
#include "engine/base/json_quoted.h"
#include "engine/worker/runtimes/lambda/function_error.h"

#include <algorithm>
#include <utility>

namespace pelton::worker::lambda {
namespace {

// Longer than any body that is accepted (listener.cpp).
constexpr std::size_t kWholeBody = SIZE_MAX;
// A client has one, or as many as it has threads.
constexpr std::size_t kMostPolls = 16;

net::Response accepted() {
  return {202, "application/json", "{\"status\":\"OK\"}\n"};
}

net::Response refused(unsigned status, std::string_view type, std::string_view message) {
  return {status, "application/json",
          fmt::format("{{\"errorMessage\":{},\"errorType\":{}}}\n", json_quoted(message),
                      json_quoted(type))};
}

net::Response wrong_state(std::string_view what) {
  return refused(403, "InvalidStateTransition", what);
}

std::string value_of(const net::Request& request, std::string_view header) {
  const std::string* value = request.header(header);
  return value == nullptr ? std::string() : *value;
}

const std::string* find(const std::vector<net::Field>& fields, std::string_view name) {
  const auto same = [name](const net::Field& field) {
    return std::ranges::equal(field.name, name,
                              [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  };
  const auto at = std::ranges::find_if(fields, same);
  return at == fields.end() ? nullptr : &at->value;
}

// What follows a streamed answer that failed midway.
std::optional<FunctionError> error_behind(const net::RequestBody& body) {
  const auto trailers = body.end().trailers;
  const std::string* type = find(trailers, "Lambda-Runtime-Function-Error-Type");
  if (type == nullptr || type->empty()) return std::nullopt;
  const std::string* encoded = find(trailers, "Lambda-Runtime-Function-Error-Body");
  std::string json;
  if (encoded != nullptr) from_base64(*encoded, json);
  return read_error(json, *type);
}

FunctionError response_too_large(std::size_t limit) {
  return {
      "Function.ResponseSizeTooLarge",
      fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", limit),
      ""};
}

}  // namespace

bool RuntimeApi::waiting() {
  // One that has gone would take the event with it.
  while (!polls_.empty() && polls_.front().body->end().abandoned) {
    polls_.front().reply(refused(410, "Gone", "the connection was closed"));
    polls_.pop_front();
  }
  return !polls_.empty() && !current_;
}

void RuntimeApi::invoke(Invocation&& invocation) {
  current_ = invocation.id;
  Poll poll = std::move(polls_.front());
  polls_.pop_front();
  net::Response response{200, "application/json", std::move(invocation.event)};
  response.headers = std::move(invocation.headers);
  response.headers.push_back({"Lambda-Runtime-Aws-Request-Id", std::move(invocation.id)});
  poll.reply(std::move(response));
}

void RuntimeApi::handle(net::Request&& request, net::Reply reply) {
  const auto& path = request.path;
  const bool ours = path.size() >= 4 && path[0] == "2018-06-01" && path[1] == "runtime";
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  const bool of_invocation = ours && path[2] == "invocation";
  if (of_invocation && get && path.size() == 4 && path[3] == "next")
    return poll(std::move(request), std::move(reply));
  Upload upload{Kind::response, {}, {}, {}, false, request.body, std::move(reply)};
  if (of_invocation && post && path.size() == 5 && (path[4] == "response" || path[4] == "error")) {
    upload.kind = path[4] == "error" ? Kind::error : Kind::response;
    upload.id = path[3];
    return read(std::move(upload), request);
  }
  if (ours && post && path.size() == 4 && path[2] == "init" && path[3] == "error") {
    upload.kind = Kind::init_error;
    return read(std::move(upload), request);
  }
  upload.reply(refused(404, "NotFound", "There is no such path in the Runtime API."));
}

void RuntimeApi::poll(net::Request&& request, net::Reply&& reply) {
  if (current_) return reply(wrong_state("The current invocation has not been answered yet."));
  waiting();
  if (polls_.size() >= kMostPolls)
    return reply(wrong_state("Too many requests for the next invocation are waiting."));
  asked_ = true;
  polls_.push_back({std::move(request.body), std::move(reply)});
  events_.asked();
}

void RuntimeApi::read(Upload&& upload, const net::Request& request) {
  upload.content_type = value_of(request, "Content-Type");
  upload.error_type = value_of(request, "Lambda-Runtime-Function-Error-Type");
  upload.streamed = value_of(request, "Lambda-Runtime-Function-Response-Mode") == "streaming";
  auto body = upload.body;
  net::read_all(std::move(body), kWholeBody,
                [this, alive = std::weak_ptr(alive_),
                 upload = std::move(upload)](Result<std::string> whole) mutable {
                  if (!alive.expired() && whole) take(upload, std::move(*whole));
                });
}

void RuntimeApi::take(Upload& upload, std::string&& body) {
  if (upload.kind == Kind::init_error) return take_init_error(upload, body);
  if (!current_ || upload.id != *current_)
    return upload.reply(refused(400, "InvalidRequestID", "Invalid request ID"));
  current_.reset();
  take_answer(upload, std::move(body));
}

void RuntimeApi::take_answer(Upload& upload, std::string&& body) {
  const std::size_t limit = upload.streamed ? kMaxStreamed : kMaxPayload;
  if (body.size() > limit) {
    upload.reply(refused(413, "RequestEntityTooLarge",
                         fmt::format("Exceeded maximum allowed payload size ({} bytes).", limit)));
    return events_.failed(response_too_large(limit));
  }
  upload.reply(accepted());
  if (upload.kind == Kind::error) return events_.failed(read_error(body, upload.error_type));
  if (auto error = error_behind(*upload.body)) return events_.failed(std::move(*error));
  events_.responded(std::move(body), upload.content_type);
}

void RuntimeApi::take_init_error(Upload& upload, const std::string& body) {
  if (asked_)
    return upload.reply(wrong_state("The runtime is initialized and has asked for invocations."));
  upload.reply(accepted());
  events_.init_failed(read_error(body, upload.error_type));
}

}  // namespace pelton::worker::lambda
