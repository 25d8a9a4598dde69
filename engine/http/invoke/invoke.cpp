// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/invoke.h"

#include "engine/base/utf8.h"
#include "engine/http/invoke/function_response.h"
#include "engine/model/batch_builder.h"
#include "engine/model/invocation_headers.h"
#include "engine/observe/log.h"

#include <deque>
#include <utility>

namespace pelton::http {
namespace {

using config::Exchange;

// Names that begin with a colon cannot come from a client.
model::BatchPtr native_event(const RoutedRequest& request, const GatewayContext& context,
                             std::span<const net::Field> own) {
  const net::TargetParts target = net::split_target(request.request.target);
  const std::vector<net::Field> headers = seen_headers(request, context);
  const std::string source = "/routes/" + request.route->settings.name;
  std::deque<std::string> texts;
  model::EventView event;
  event.id = context.id;
  event.source = source;
  event.type = "http.request";
  event.subject = target.path;
  event.time_us = to_us(context.now);
  event.data = request.body;
  if (const std::string* type = request.request.header("Content-Type")) event.content_type = *type;
  event.headers = {
      {":method", request.request.method}, {":path", target.path}, {":query", target.query}};
  for (const auto& [name, value] : request.parameters)
    event.headers.push_back({texts.emplace_back(":param." + name), value});
  for (const net::Field& field : headers) {
    event.headers.push_back({texts.emplace_back(lower_case(field.name)), field.value});
  }
  for (const net::Field& field : own) event.headers.push_back({field.name, field.value});
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

model::BatchPtr gateway_event(const RoutedRequest& request, const GatewayContext& context,
                              std::span<const net::Field> own) {
  const std::string json = request.route->exchange == Exchange::gateway_v1
                               ? gateway_v1_event(request, context)
                               : gateway_v2_event(request, context);
  model::EventView event;
  event.id = context.id;
  event.source = request.route->settings.name;
  event.type = "http.request";
  event.content_type = "application/json";
  event.time_us = to_us(context.now);
  event.data = json;
  for (const char* name : {"traceparent", model::kTraceHeader})
    if (const std::string* trace = request.request.header(name))
      event.headers.push_back({name, *trace});
  for (const net::Field& field : own) event.headers.push_back({field.name, field.value});
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

void log_failure(const ServedRoute& route, const CallFailure& failure) {
  observe::log::warn("a request failed", {{"route", route.settings.name},
                                          {"function", *route.settings.function},
                                          {"error", to_utf8(failure.type)},
                                          {"message", to_utf8(failure.message.substr(0, 500))}});
}

net::Response response_of(const ServedRoute& route, CallAnswer&& answer) {
  if (answer) {
    auto response = function_response(route.exchange, *answer);
    if (response) return std::move(*response);
    answer = std::unexpected(
        CallFailure{CallFailure::Kind::function, "MalformedResponse", response.error().text()});
  }
  log_failure(route, answer.error());
  return failure_response(route.exchange, answer.error());
}

}  // namespace

Call call_of(const RoutedRequest& request, const GatewayContext& context,
             std::span<const net::Field> own) {
  const config::Route& route = request.route->settings;
  Call call;
  call.function = *route.function;
  call.binding = route.name;
  call.stream = "route/" + route.name;
  call.id = context.id;
  call.deadline = request.begun + route.timeout;
  call.event = request.route->exchange == Exchange::native ? native_event(request, context, own)
                                                           : gateway_event(request, context, own);
  return call;
}

Call make_call(RoutedRequest&& request, const GatewayContext& context) {
  Call call = call_of(request, context);
  call.connection = request.request.body;
  call.answer = [route = request.route, reply = std::move(request.reply)](
                    CallAnswer answer) mutable { reply(response_of(*route, std::move(answer))); };
  return call;
}

}  // namespace pelton::http
