// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/sample_event.h"

#include "engine/base/json_quoted.h"
#include "engine/base/units.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/http/invoke/gateway_event.h"
#include "engine/http/ndjson.h"
#include "engine/http/uuid.h"
#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/lambda/document.h"
#include "engine/worker/runtimes/lambda/record_json.h"

#include <algorithm>
#include <charconv>

namespace pelton::runtime {
namespace {

using worker::lambda::Account;

const Account kAccount{"us-east-1"};
constexpr const char* kData = R"({"message":"hello"})";

std::string wish(const SampleWishes& wishes, const char* name, const char* otherwise) {
  const auto at = wishes.options.find(name);
  return at == wishes.options.end() ? otherwise : at->second;
}

// The event that the documents of streams are made of; its texts are those of the wishes.
struct Stored {
  std::string stream, key, subject, type, content_type, data, size;
  bool has_key = false, has_data = true;
};

model::BatchPtr batch_of(const Stored& stored, const SampleWishes& wishes, WallTime now) {
  model::EventView event;
  event.key = stored.key;
  event.has_key = stored.has_key;
  event.subject = stored.subject;
  event.type = stored.type;
  event.content_type = stored.content_type;
  event.data = stored.data;
  event.has_data = stored.has_data;
  event.time_us = to_us(now);
  if (!stored.size.empty()) event.headers.push_back({"size", stored.size});
  for (const auto& [name, value] : wishes.headers) event.headers.push_back({name, value});
  model::BatchBuilder builder;
  for (std::uint32_t i = 0; i < wishes.count; ++i) builder.add(event);
  return builder.finish();
}

Result<std::string> document(model::EventShape shape, const Stored& stored,
                             const SampleWishes& wishes, WallTime now) {
  model::EventForm form{shape, stored.stream, ""};
  if (shape == model::EventShape::kafka) form.brokers = "localhost:9092";
  model::Frame frame;
  frame.binding = frame.stream = stored.stream;
  frame.batch = batch_of(stored, wishes, now);
  frame.key_prefix = http::new_uuid() + "/";
  frame.form = &form;
  auto made = worker::lambda::make_document(frame, 0, kAccount, now);
  if (!made) return fail(ErrorKind::invalid, "E5004", "{}", made.error().message);
  if (model::is_batch(shape) && made->count < wishes.count)
    return fail(ErrorKind::invalid, "E5004", "an event of {} records is larger than 6 MiB",
                wishes.count);
  return std::move(made->json);
}

Result<std::string> s3_event(const SampleWishes& wishes, WallTime now, bool removed) {
  Stored stored;
  stored.stream = wish(wishes, "bucket", "pictures");
  stored.subject = wish(wishes, "key", "cat.jpg");
  stored.type = removed ? "delete" : "put";
  stored.size = wish(wishes, "size", "1024");
  stored.has_data = !removed;
  if (!std::ranges::all_of(stored.size, [](char c) { return c >= '0' && c <= '9'; }) ||
      stored.size.empty())
    return fail(ErrorKind::invalid, "E5004", "--size is a number of bytes, not {}",
                json_quoted(stored.size));
  return document(model::EventShape::s3, stored, wishes, now);
}

Result<std::string> put_event(const SampleWishes& wishes, WallTime now) {
  return s3_event(wishes, now, false);
}

Result<std::string> delete_event(const SampleWishes& wishes, WallTime now) {
  return s3_event(wishes, now, true);
}

Stored record_of(const SampleWishes& wishes, const char* place, const char* name) {
  Stored stored;
  stored.stream = wish(wishes, place, name);
  stored.key = wish(wishes, "key", "");
  stored.has_key = wishes.options.contains("key");
  stored.data = wish(wishes, "data", kData);
  return stored;
}

Result<std::string> kafka_event(const SampleWishes& wishes, WallTime now) {
  return document(model::EventShape::kafka, record_of(wishes, "topic", "orders"), wishes, now);
}

Result<std::string> sqs_event(const SampleWishes& wishes, WallTime now) {
  return document(model::EventShape::sqs, record_of(wishes, "queue", "orders"), wishes, now);
}

Result<std::string> kinesis_event(const SampleWishes& wishes, WallTime now) {
  return document(model::EventShape::kinesis, record_of(wishes, "stream", "orders"), wishes, now);
}

Result<std::string> dynamodb_event(const SampleWishes& wishes, WallTime now) {
  Stored stored = record_of(wishes, "table", "orders");
  stored.key = wish(wishes, "key", R"({"id":"1"})");
  stored.has_key = true;
  stored.data = wish(wishes, "data", R"({"id":"1","message":"hello"})");
  return document(model::EventShape::dynamodb, stored, wishes, now);
}

Result<std::string> cloud_event(const SampleWishes& wishes, WallTime now) {
  Stored stored = record_of(wishes, "stream", "orders");
  stored.subject = wish(wishes, "subject", "");
  stored.type = wish(wishes, "type", "com.example.hello");
  return document(model::EventShape::cloudevents, stored, wishes, now);
}

Result<std::string> schedule_event(const SampleWishes& wishes, WallTime now) {
  const std::string detail = wish(wishes, "data", "{}");
  if (!worker::is_json(detail))
    return fail(ErrorKind::invalid, "E5004", "--data is not JSON: {}", json_quoted(detail));
  return fmt::format(
      R"({{"version":"0","id":"{}","detail-type":"Scheduled Event","source":"aws.events",)"
      R"("account":"{}","time":"{}","region":"{}","resources":[{}],"detail":{}}})",
      http::new_uuid(), kAccount.id,
      format_time(std::chrono::floor<std::chrono::seconds>(now)).substr(0, 19) + "Z",
      kAccount.region,
      json_quoted(fmt::format("arn:aws:events:{}:{}:rule/{}", kAccount.region, kAccount.id,
                              wish(wishes, "name", "nightly"))),
      detail);
}

Result<http::RoutedRequest> request_of(const SampleWishes& wishes) {
  http::RoutedRequest routed;
  net::Request& request = routed.request;
  const std::string path = wish(wishes, "path", "/hello");
  const std::string query = wish(wishes, "query", "");
  request.method = wish(wishes, "method", "GET");
  request.target = path + (query.empty() ? "" : "?" + query);
  request.peer = "127.0.0.1";
  if (!net::parse_target(request.target, request))
    return fail(ErrorKind::invalid, "E5004", "no path and query of a request: {}",
                json_quoted(request.target));
  auto pattern = config::PathPattern::parse(wish(wishes, "route", path.c_str()));
  if (!pattern) return fail(ErrorKind::invalid, "E5004", "--route: {}", pattern.error().message);
  auto parameters = pattern->match(request.path);
  if (!parameters)
    return fail(ErrorKind::invalid, "E5004", "the path {} is none of --route {}", json_quoted(path),
                json_quoted(pattern->text()));
  auto route = std::make_shared<http::ServedRoute>();  // shared with the request
  route->settings.name = "hello";
  route->settings.path = std::move(*pattern);
  route->settings.methods = {request.method};
  routed.route = std::move(route);
  routed.parameters = std::move(*parameters);
  request.headers = {{"Host", "localhost:8080"}, {"User-Agent", "curl/7.88.1"}, {"Accept", "*/*"}};
  for (const auto& [name, value] : wishes.headers) request.headers.push_back({name, value});
  routed.body = wish(wishes, "data", "");
  return routed;
}

Result<std::string> http_event(const SampleWishes& wishes, WallTime now) {
  const auto request = request_of(wishes);
  if (!request) return std::unexpected(request.error());
  return http::gateway_v2_event(*request, {http::new_uuid(), now, "localhost:8080"});
}

Result<std::string> http_v1_event(const SampleWishes& wishes, WallTime now) {
  const auto request = request_of(wishes);
  if (!request) return std::unexpected(request.error());
  return http::gateway_v1_event(*request, {http::new_uuid(), now, "localhost:8080"});
}

Result<std::string> plain_event(const SampleWishes& wishes, WallTime now) {
  Stored stored = record_of(wishes, "", "");
  stored.subject = wish(wishes, "subject", "");
  stored.type = wish(wishes, "type", "");
  // As JSON, for people to read and change.
  if (worker::is_json(stored.data)) stored.content_type = "application/json";
  return http::event_json(*batch_of(stored, wishes, now), 0);
}

struct Maker {
  SampleKind kind;
  Result<std::string> (*make)(const SampleWishes&, WallTime);
};

constexpr Maker kMakers[] = {
    {{"s3:put", "an object was written to a bucket", "bucket key size"}, put_event},
    {{"s3:delete", "an object was deleted", "bucket key"}, delete_event},
    {{"kafka", "records of a topic", "topic key data header count"}, kafka_event},
    {{"sqs", "messages of a queue", "queue key data header count"}, sqs_event},
    {{"kinesis", "records of a Kinesis stream", "stream key data count"}, kinesis_event},
    {{"dynamodb", "changes of a table", "table key data count"}, dynamodb_event},
    {{"schedule", "a rule's time has come", "name data"}, schedule_event},
    {{"http", "a request: HTTP API or function URL (2.0)", "method path query route data header"},
     http_event},
    {{"http:v1", "a request: REST API (1.0)", "method path query route data header"},
     http_v1_event},
    {{"cloudevents", "a CloudEvent", "stream key type subject data header"}, cloud_event},
    {{"event", "an event for native functions", "key type subject data header"}, plain_event},
};

std::string words_of(std::string_view options) {
  std::string words;
  while (!options.empty()) {
    const auto end = std::min(options.find(' '), options.size());
    words += (words.empty() ? "--" : ", --") + std::string(options.substr(0, end));
    options.remove_prefix(std::min(end + 1, options.size()));
  }
  return words;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Maker& maker : kMakers) all.emplace_back(maker.kind.name);
  return all;
}

bool knows(const SampleKind& kind, const std::string& option) {
  return (" " + std::string(kind.options) + " ").contains(" " + option + " ");
}

}  // namespace

std::span<const SampleKind> sample_kinds() {
  static const std::vector<SampleKind> kinds = [] {
    std::vector<SampleKind> all;
    for (const Maker& maker : kMakers) all.push_back(maker.kind);
    return all;
  }();
  return kinds;
}

Result<std::string> sample_event(const std::string& kind, const SampleWishes& wishes,
                                 WallTime now) {
  const auto maker =
      std::ranges::find_if(kMakers, [&](const Maker& one) { return one.kind.name == kind; });
  if (maker == std::end(kMakers))
    return fail(ErrorKind::invalid, "E5004",
                "there is no event type {}{}; see pelton event new --help", json_quoted(kind),
                config::did_you_mean(kind, names()));
  std::vector<std::string> given;
  for (const auto& [name, value] : wishes.options) given.push_back(name);
  if (!wishes.headers.empty()) given.emplace_back("header");
  if (wishes.count != 1) given.emplace_back("count");
  for (const std::string& option : given)
    if (!knows(maker->kind, option))
      return fail(ErrorKind::invalid, "E5004", "{} has no --{}; it has {}", kind, option,
                  words_of(maker->kind.options));
  return maker->make(wishes, now);
}

}  // namespace pelton::runtime
