// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ingest/ingest.h"

#include "engine/base/json_quoted.h"
#include "engine/base/utf8.h"
#include "engine/http/access.h"
#include "engine/http/ingest/cloud_events.h"
#include "engine/http/uuid.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace pelton::http {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 255;

std::string decoded_path(const net::Request& request) {
  std::string path;
  for (const std::string& segment : request.path) path += "/" + segment;
  return path.empty() ? "/" : path;
}

std::vector<model::Header> kept_headers(const RoutedRequest& request,
                                        std::deque<std::string>& texts) {
  const auto& wanted = request.route->settings.headers;
  std::vector<model::Header> headers;
  for (const net::Field& field : request.request.headers) {
    const bool keep = std::ranges::any_of(wanted, [&](const std::string& name) {
      return (name == "*" && !is_secret_header(field.name)) || net::same_name(name, field.name);
    });
    if (keep) headers.push_back({texts.emplace_back(lower_case(field.name)), field.value});
  }
  return headers;
}

// The event of a body that says nothing of itself.
Status add_plain(const RoutedRequest& request, const EventSink& into) {
  const config::Route& route = request.route->settings;
  std::deque<std::string> texts;
  model::EventView event;
  const char* const header = delivery_header(route.signature);
  const std::string* given = header == nullptr ? nullptr : request.request.header(header);
  if (given != nullptr &&
      (given->empty() || given->size() > kMaxIdempotencyKey || !is_utf8(*given)))
    return fail(ErrorKind::invalid, "E7064",
                "the request's id ({}) must be a text of 1 to {} bytes", header,
                kMaxIdempotencyKey);
  event.id = texts.emplace_back(given == nullptr ? new_uuid() : *given);
  event.source = texts.emplace_back("/routes/" + route.name);
  event.type = route.type;
  event.subject = texts.emplace_back(to_utf8(decoded_path(request.request)));
  if (const std::string* type = request.request.header("Content-Type")) event.content_type = *type;
  event.time_us = to_us(into.now);
  event.data = request.body;
  event.headers = kept_headers(request, texts);
  if (into.key != nullptr) event.key = *into.key;
  event.has_key = into.key != nullptr;
  if (route.subject)
    if (const std::string* value = field_of(request, *route.subject)) event.subject = *value;
  return into.add(event);
}

Status add_events(const RoutedRequest& request, const EventSink& into) {
  switch (cloud_event_mode(request.request)) {
    case CloudEventMode::binary:
      if (!trusts_headers(request.route->settings.signature)) break;
      return add_binary(request.request, request.body, into);
    case CloudEventMode::structured:
      return add_structured(request.body, into);
    case CloudEventMode::batch:
      return add_batch(request.body, into);
    case CloudEventMode::unknown:
      return fail(ErrorKind::invalid, "E7066",
                  "this format of CloudEvents is not supported: use application/cloudevents+json, "
                  "application/cloudevents-batch+json or the binary mode");
    case CloudEventMode::none:
      break;
  }
  return add_plain(request, into);
}

Error no_key(const config::RequestField& from) {
  return {ErrorKind::invalid, "E7064",
          fmt::format("the request has no {}, which is the event's key",
                      config::request_field_text(from))};
}

net::Response accepted(const std::vector<std::string>& ids) {
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "" : ",") + json_quoted(id);
  return {202, "application/json", fmt::format("{{\"ids\":[{}]}}\n", list)};
}

net::Response refused(const Error& error) {
  net::Response response = net::error_response(error);
  if (error.code == "E7066") response.status = 415;
  if (response.status == 503 && error.kind != ErrorKind::overloaded)
    response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace

void ingest(RoutedRequest&& request, WallTime now) {
  model::BatchBuilder builder;
  std::vector<std::string> ids;
  const auto& from = request.route->settings.key;
  const std::string* const key = from ? field_of(request, *from) : nullptr;
  if (from && key == nullptr) return request.reply(refused(no_key(*from)));
  if (auto ok = add_events(request, {builder, ids, now, key, request.route->schema.get()}); !ok)
    return request.reply(refused(ok.error()));
  if (builder.empty()) return request.reply(accepted(ids));
  // Shared by the refusal below and the commit: exactly one of them answers.
  const auto reply = std::make_shared<net::Reply>(std::move(request.reply));
  const auto taken = request.route->appender->append(
      builder.finish(), {},
      [reply, ids = std::move(ids)](Status durable) {
        (*reply)(durable ? accepted(ids) : refused(durable.error()));
      },
      std::chrono::steady_clock::now());
  if (!taken) (*reply)(refused(taken.error()));
}

}  // namespace pelton::http
