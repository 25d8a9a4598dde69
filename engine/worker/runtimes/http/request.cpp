// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/request.h"

#include "engine/base/base64.h"
#include "engine/base/json_quoted.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/worker/runtimes/event_text.h"
#include "engine/worker/runtimes/http/azure.h"
#include "engine/worker/runtimes/http/fields.h"

#include <utility>

namespace pelton::worker::http {
namespace {

struct Event {
  const model::Frame& frame;
  std::uint32_t index;

  const model::Batch& batch() const { return *frame.batch; }
  std::vector<model::Header> headers() const {
    if (batch().header_bytes(index).empty()) return {};
    return batch().headers(index);
  }
  Offset offset() const { return frame.base + batch().delta(index); }
  std::uint32_t attempt() const { return frame.attempts.empty() ? 1 : frame.attempts[index]; }
  std::string id() const {
    if (!batch().id(index).empty()) return std::string(batch().id(index));
    return fmt::format("{}/{}/{}", frame.stream, frame.partition.value, offset());
  }
  std::string source() const {
    if (!batch().source(index).empty()) return std::string(batch().source(index));
    return fmt::format("/streams/{}", frame.stream);
  }
  std::string_view type() const {
    return batch().type(index).empty() ? "pelton.event" : batch().type(index);
  }
};

bool is_trace(std::string_view name) {
  return name == "traceparent" || name == "tracestate";
}

// A header section that is being written. Values are written as they are.
class Head {
 public:
  Head(std::string_view method, std::string_view target) {
    text_.reserve(768);
    text_.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  }
  void add(std::string_view name, std::string_view value) {
    text_.append(name).append(": ").append(value).append("\r\n");
  }
  std::string end(std::size_t body) {
    add("Content-Length", std::to_string(body));
    text_ += "\r\n";
    return std::move(text_);
  }

 private:
  std::string text_;
};

std::string path_of(const Event& event, const Sender& sender) {
  const bool azure = sender.options.event == Shape::azure;
  std::string path = sender.options.path.value_or(azure ? "/{function}" : "/");
  const auto put = [&path](std::string_view name, std::string_view value) {
    for (auto at = path.find(name); at != std::string::npos; at = path.find(name))
      path.replace(at, name.size(), field_encoded(value));
  };
  put("{function}", sender.function.name);
  put("{binding}", event.frame.binding);
  put("{stream}", event.frame.stream);
  return path;
}

// What every request for an event says of its delivery.
void add_delivery(Head& head, const Event& event, const Sender& sender, WallTime now) {
  head.add("Host", sender.host);
  head.add("User-Agent", "pelton");
  head.add("Accept", "*/*");
  head.add("Pelton-Attempt", std::to_string(event.attempt()));
  head.add("Pelton-Idempotency-Key", field_encoded(idempotency_key(event.frame, event.index)));
  head.add("Pelton-Deadline", std::to_string(to_us(now + sender.function.timeout) / 1000));
  head.add("Pelton-Binding", field_encoded(event.frame.binding));
  head.add("Pelton-Stream", field_encoded(event.frame.stream));
  head.add("Pelton-Partition", std::to_string(event.frame.partition.value));
  head.add("Pelton-Offset", std::to_string(event.offset()));
}

void add_content_type(Head& head, std::string_view type) {
  if (!type.empty() && is_field_value(type)) head.add("Content-Type", type);
}

// Headers of the event; `extensions`: those that can be are attributes of the CloudEvent.
void add_headers(Head& head, const Event& event, bool extensions) {
  for (const model::Header& one : event.headers()) {
    const std::string_view extension = extensions ? extension_of(one.name) : std::string_view{};
    if (is_trace(one.name) && is_field_value(one.value)) head.add(one.name, one.value);
    if (!extension.empty() && is_utf8(one.value))
      head.add(fmt::format("Ce-{}", extension), field_encoded(one.value));
    else if (!is_trace(one.name) && is_token(one.name))
      head.add(fmt::format("Pelton-Header-{}", one.name), field_encoded(one.value));
  }
}

void add_cloud_event(Head& head, const Event& event) {
  const model::Batch& batch = event.batch();
  const std::uint32_t i = event.index;
  head.add("Ce-Specversion", "1.0");
  head.add("Ce-Id", field_encoded(event.id()));
  head.add("Ce-Source", field_encoded(event.source()));
  head.add("Ce-Type", field_encoded(event.type()));
  if (!batch.subject(i).empty()) head.add("Ce-Subject", field_encoded(batch.subject(i)));
  if (batch.time_us(i) > 0) head.add("Ce-Time", format_time(from_us(batch.time_us(i))));
  if (batch.has_key(i) && is_utf8(batch.key(i)))
    head.add("Ce-Partitionkey", field_encoded(batch.key(i)));
}

void add_raw(Head& head, const Event& event) {
  const model::Batch& batch = event.batch();
  const std::uint32_t i = event.index;
  head.add("Pelton-Id", field_encoded(event.id()));
  head.add("Pelton-Type", field_encoded(event.type()));
  head.add("Pelton-Source", field_encoded(event.source()));
  if (!batch.subject(i).empty()) head.add("Pelton-Subject", field_encoded(batch.subject(i)));
  if (batch.time_us(i) > 0) head.add("Pelton-Time", format_time(from_us(batch.time_us(i))));
  if (batch.has_key(i)) head.add("Pelton-Key", field_encoded(batch.key(i)));
}

// ---- the JSON format of CloudEvents

void append(std::string& json, std::string_view name, std::string_view value) {
  json += fmt::format(",{}:{}", json_quoted(name), value);
}

void add_data(std::string& json, const model::Batch& batch, std::uint32_t i) {
  const std::string_view data = batch.data(i);
  const std::string_view type = batch.content_type(i);
  const bool is_document = (type.empty() || type.contains("json")) && is_json(data);
  if (!type.empty() || !is_document)
    append(json, "datacontenttype", json_quoted(type.empty() ? "application/octet-stream" : type));
  if (is_document)
    append(json, "data", data);
  else if (type.starts_with("text/") && is_utf8(data))
    append(json, "data", json_quoted(data));
  else
    append(json, "data_base64", fmt::format("\"{}\"", to_base64(data)));
}

std::string structured(const Event& event) {
  const model::Batch& batch = event.batch();
  const std::uint32_t i = event.index;
  std::string json = R"({"specversion":"1.0")";
  append(json, "id", json_quoted(event.id()));
  append(json, "source", json_quoted(event.source()));
  append(json, "type", json_quoted(event.type()));
  if (!batch.subject(i).empty()) append(json, "subject", json_quoted(batch.subject(i)));
  if (batch.time_us(i) > 0)
    append(json, "time", json_quoted(format_time(from_us(batch.time_us(i)))));
  if (batch.has_key(i) && is_utf8(batch.key(i)))
    append(json, "partitionkey", json_quoted(batch.key(i)));
  for (const model::Header& one : event.headers())
    if (const auto name = extension_of(one.name); !name.empty())
      append(json, name, json_quoted(one.value));
  if (batch.has_data(i)) add_data(json, batch, i);
  return json + "}";
}

// ---- the request of a client

std::unexpected<Error> bad_request(std::string_view what) {
  return fail(ErrorKind::invalid, "InvalidRequest", "{}", what);
}

bool is_target(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
}

bool is_idempotent(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

Result<Request> pass_on(const Event& event, const Sender& sender) {
  const std::vector<model::Header> headers = event.headers();
  std::string_view method, path, query;
  for (const model::Header& one : headers) {
    if (one.name == ":method") method = one.value;
    if (one.name == ":path") path = one.value;
    if (one.name == ":query") query = one.value;
  }
  if (!is_token(method) || method == "CONNECT") return bad_request(":method is not one of HTTP");
  if (!path.starts_with('/') || !is_target(path) || !is_target(query))
    return bad_request(":path and :query are not those of a request");
  Head head(method, query.empty() ? std::string(path) : fmt::format("{}?{}", path, query));
  bool host = false;
  for (const model::Header& one : headers) {
    if (one.name.starts_with(':')) continue;
    const std::string name = lower_case(one.name);
    if (is_of_connection(name)) continue;
    if (!is_token(name) || !is_field_value(one.value))
      return bad_request(fmt::format("{} cannot be a header field", json_quoted(one.name)));
    host = host || name == "host";
    head.add(one.name, one.value);
  }
  if (!host) head.add("Host", sender.host);
  Request request;
  request.head = head.end(event.batch().data(event.index).size());
  request.batch = event.frame.batch;
  request.index = event.index;
  request.no_answer_body = method == "HEAD";
  request.repeatable = is_idempotent(method);
  request.passed_on = true;
  return request;
}

}  // namespace

bool is_request(const model::Batch& batch, std::uint32_t index) {
  std::string_view method;
  return !batch.header_bytes(index).empty() && batch.find_header(index, ":method", method);
}

Result<Request> make_request(const model::Frame& frame, std::uint32_t index, const Sender& sender,
                             WallTime now) {
  const Event event{frame, index};
  if (is_request(*frame.batch, index)) return pass_on(event, sender);
  const Shape shape = sender.options.event;
  Head head("POST", path_of(event, sender));
  add_delivery(head, event, sender, now);
  Request request;
  if (shape == Shape::structured || shape == Shape::azure) {
    head.add("Content-Type", shape == Shape::azure ? "application/json"
                                                   : "application/cloudevents+json; charset=utf-8");
    for (const model::Header& one : event.headers())
      if (is_trace(one.name) && is_field_value(one.value)) head.add(one.name, one.value);
    request.own_body = shape == Shape::azure ? azure_invocation(frame, index, sender.function.name,
                                                                sender.options.trigger, now)
                                             : structured(event);
    request.head = head.end(request.own_body.size());
    return request;
  }
  shape == Shape::raw ? add_raw(head, event) : add_cloud_event(head, event);
  add_headers(head, event, shape == Shape::binary);
  add_content_type(head, frame.batch->content_type(index));
  request.head = head.end(frame.batch->data(index).size());
  request.batch = frame.batch;
  request.index = index;
  return request;
}

}  // namespace pelton::worker::http
