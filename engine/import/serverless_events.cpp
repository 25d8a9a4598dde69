// SPDX-License-Identifier: Apache-2.0
#include "engine/import/readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pelton::importer {
namespace {

using Kind = QueueSource::Kind;

void need(Reader& reader, Place place, const char* key, const char* event) {
  reader.problems.error(place, "E1006", fmt::format("\"{}\" is missing in {}", key, event));
}

// "GET /users", of both events' short forms.
std::pair<std::string, std::string> method_and_path(const std::string& text) {
  const auto space = text.find(' ');
  if (space == std::string::npos) return {"*", text};
  const auto path = text.find_first_not_of(' ', space);
  return {text.substr(0, space), path == std::string::npos ? "" : text.substr(path)};
}

void add_routes(const HttpRoute& route, Function& function) {
  for (Node& node : http_routes(route)) function.routes.push_back(std::move(node));
}

void read_http(const Node& value, Function& function, Reader& reader) {
  HttpRoute route{value.place, "ANY", "", true, std::nullopt};
  if (value.kind == Node::Kind::map) {
    reader.check_keys(value, kHttpKeys);
    route.method = reader.text(value, "method").value_or("ANY");
    if (value.find("path") == nullptr) return need(reader, value.place, "path", "an http event");
    route.path = reader.text(value, "path").value_or("");
    route.place = Reader::place(value, "path");
    route.cors = read_cors(value, reader);
    if (const auto kind = reader.text(value, "integration");
        kind && *kind != "lambda-proxy" && *kind != "aws_proxy" && *kind != "AWS_PROXY")
      reader.ignored(Reader::place(value, "integration"), "integration " + *kind,
                     "is not available: requests are passed on as a proxy integration does");
    if (reader.truth(value, "async", false))
      reader.ignored(Reader::place(value, "async"), "async", "is ignored: requests wait");
  } else if (const auto text = reader.resources.text(value)) {
    std::tie(route.method, route.path) = method_and_path(*text);
  }
  add_routes(route, function);
}

void read_http_api(const Node& value, const EventDefaults& defaults, Function& function,
                   Reader& reader) {
  HttpRoute route{value.place, "*", "*", defaults.payload1, defaults.http_api_cors};
  if (value.kind == Node::Kind::map) {
    reader.check_keys(value, kHttpApiKeys);
    route.method = reader.text(value, "method").value_or("*");
    route.path = reader.text(value, "path").value_or("*");
    route.place = Reader::place(value, "path");
  } else if (const auto text = reader.resources.text(value)) {
    std::tie(route.method, route.path) = method_and_path(*text);
  }
  add_routes(route, function);
}

void tell_missing_bucket(const Node& value, const std::string& bucket, Reader& reader) {
  const bool existing = value.kind == Node::Kind::map && reader.truth(value, "existing", false);
  if (!existing && reader.resources.find_named("AWS::S3::Bucket", bucket) == nullptr)
    reader.problems.warning(value.place, "E1106",
                            fmt::format("not created here: the bucket {}", bucket));
}

void read_s3(const Node& value, const EventDefaults& defaults, Function& function, Reader& reader) {
  S3Rule rule;
  rule.place = value.place;
  std::optional<std::string> bucket;
  if (value.kind == Node::Kind::map && !Resources::is_function(value)) {
    reader.check_keys(value, kS3Keys);
    if (value.find("bucket") == nullptr) return need(reader, value.place, "bucket", "an s3 event");
    bucket = reader.text(value, "bucket");
    rule.place = Reader::place(value, "bucket");
    rule.events = reader.texts(value, "event");
    const Node* rules = reader.find(value, "rules");
    for (const Node& item : rules == nullptr ? std::vector<Node>{} : rules->items) {
      if (const auto prefix = reader.text(item, "prefix")) rule.prefix = *prefix;
      if (const auto suffix = reader.text(item, "suffix")) rule.suffix = *suffix;
    }
  } else {
    bucket = reader.resources.text(value);
  }
  if (!bucket) return;
  rule.bucket = name_of_arn(*bucket);
  tell_missing_bucket(value, rule.bucket, reader);
  function.feeds.push_back(s3_feed(rule, defaults.retry, reader));
}

// Scalars with variables resolved, for `input`.
Node resolved(const Node& node, Reader& reader) {
  const Node* whole = reader.variables.value(node);
  if (whole == nullptr) return node;
  Node copy = *whole;
  copy.place = node.place;
  if (copy.kind == Node::Kind::scalar)
    if (auto text = reader.variables.text(*whole)) copy.text = escaped(*text);
  for (Node& item : copy.items) item = resolved(item, reader);
  for (auto& [key, value] : copy.entries) value = resolved(value, reader);
  return copy;
}

void read_schedule(const Node& value, const EventDefaults& defaults, Function& function,
                   Reader& reader) {
  Schedule schedule;
  schedule.place = value.place;
  std::vector<std::string> rates;
  if (value.kind == Node::Kind::map) {
    reader.check_keys(value, kScheduleKeys);
    if (value.find("rate") == nullptr) return need(reader, value.place, "rate", "a schedule event");
    schedule.place = Reader::place(value, "rate");
    schedule.timezone = reader.text(value, "timezone").value_or("");
    rates = reader.texts(value, "rate");
    if (const Node* input = reader.find(value, "input")) schedule.input = resolved(*input, reader);
    if (!reader.truth(value, "enabled", true)) return;
  } else if (const auto text = reader.resources.text(value)) {
    rates.push_back(*text);
  }
  for (const std::string& rate : rates) {
    schedule.expression = rate;
    if (rate.starts_with("at("))
      reader.ignored(schedule.place, rate, "is not available and is left out");
    else
      function.feeds.push_back(schedule_feed(schedule, defaults.retry));
  }
}

// The name of what an event's ARN means; nothing: a warning or a problem has been told.
std::optional<std::string> arn_of(const Node& value, const char* event, Reader& reader) {
  if (value.kind != Node::Kind::map || Resources::is_function(value))
    return reader.resources.text(value);
  if (value.find("arn") == nullptr) {
    need(reader, value.place, "arn", event);
    return std::nullopt;
  }
  return reader.text(value, "arn");
}

// What sqs, stream and kafka events have in common. False: the event is disabled.
bool read_source(const Node& value, const KnownKeys& keys, const char* window, QueueSource& queue,
                 Reader& reader) {
  if (value.kind != Node::Kind::map || Resources::is_function(value)) return true;
  reader.check_keys(value, keys);
  queue.batch = reader.number(value, "batchSize", 1, 10'000);
  queue.window_s = reader.number(value, window, 0, 300);
  queue.latest = reader.text(value, "startingPosition").value_or("TRIM_HORIZON") == "LATEST";
  return reader.truth(value, "enabled", true);
}

void read_sqs(const Node& value, Function& function, Reader& reader) {
  QueueSource queue;
  queue.place = value.place;
  if (!read_source(value, kSqsKeys, "maximumBatchingWindow", queue, reader)) return;
  const auto arn = arn_of(value, "an sqs event", reader);
  if (!arn) return;
  queue.name = name_of_arn(*arn);
  if (value.kind == Node::Kind::map)
    queue.concurrency = reader.number(value, "maximumConcurrency", 2, 1000);
  const Resource* known = reader.resources.find_named("AWS::SQS::Queue", queue.name);
  if (const Node* properties = known != nullptr && known->node != nullptr
                                   ? reader.map(*known->node, "Properties")
                                   : nullptr)
    if (const Node* redrive = reader.map(*properties, "RedrivePolicy"))
      queue.attempts = reader.number(*redrive, "maxReceiveCount", 1, 1000);
  function.feeds.push_back(queue_feed(queue));
}

void read_stream(const Node& value, Function& function, Reader& reader) {
  QueueSource queue;
  queue.place = value.place;
  if (!read_source(value, kStreamKeys, "batchWindow", queue, reader)) return;
  const auto arn = arn_of(value, "a stream event", reader);
  if (!arn) return;
  std::string type = service_of_arn(*arn);
  queue.in_order = true;
  if (value.kind == Node::Kind::map && !Resources::is_function(value)) {
    type = reader.text(value, "type").value_or(type);
    if (const auto more = reader.number(value, "maximumRetryAttempts", 0, 10'000))
      queue.attempts = *more + 1;
    queue.max_age_s = reader.number(value, "maximumRecordAgeInSeconds", 60, 604'800);
    queue.in_order = reader.number(value, "parallelizationFactor", 1, 10).value_or(1) == 1;
  }
  if (type != "dynamodb" && type != "kinesis")
    return reader.problems.error(value.place, "E1008",
                                 fmt::format("a stream event is of type kinesis or dynamodb, not "
                                             "\"{}\": set `type`",
                                             type));
  queue.kind = type == "dynamodb" ? Kind::dynamodb : Kind::kinesis;
  queue.name = name_of_arn(*arn);
  function.feeds.push_back(queue_feed(queue));
}

void read_kafka(const Node& value, Function& function, Reader& reader) {
  if (value.kind != Node::Kind::map)
    return reader.problems.error(
        value.place, "E1007",
        fmt::format("a kafka event must be a mapping, not {}", value.kind_name()));
  QueueSource common;
  if (!read_source(value, kKafkaKeys, "maximumBatchingWindow", common, reader)) return;
  KafkaSource kafka;
  kafka.place = Reader::place(value, "topic");
  kafka.brokers = reader.texts(value, "bootstrapServers");
  kafka.topic = reader.text(value, "topic").value_or("");
  kafka.group = reader.text(value, "consumerGroupId").value_or("");
  kafka.batch = common.batch;
  kafka.window_s = common.window_s;
  kafka.latest = common.latest;
  if (kafka.brokers.empty()) return need(reader, value.place, "bootstrapServers", "a kafka event");
  if (kafka.topic.empty()) return need(reader, value.place, "topic", "a kafka event");
  function.feeds.push_back(kafka_feed(kafka));
}

}  // namespace

std::optional<Cors> read_cors(const Node& map, Reader& reader) {
  const Node* cors = reader.find(map, "cors");
  if (cors == nullptr) return std::nullopt;
  if (cors->kind != Node::Kind::map)
    return reader.truth(map, "cors", false) ? std::optional(Cors{}) : std::nullopt;
  Cors read;
  // The names of REST APIs, and those of HTTP APIs.
  for (const char* key : {"origin", "origins", "allowedOrigins"})
    for (std::string& one : reader.texts(*cors, key)) read.origins.push_back(std::move(one));
  for (const char* key : {"headers", "allowedHeaders"})
    for (std::string& one : reader.texts(*cors, key)) read.headers.push_back(std::move(one));
  read.expose = reader.texts(*cors, "exposedResponseHeaders");
  // Preflight requests allow the methods that have a route.
  for (const char* key : {"methods", "allowedMethods"})
    if (const Node* methods = reader.find(*cors, key))
      reader.ignored(methods->place, fmt::format("`{}` of cors", key), "is ignored");
  read.credentials = reader.truth(*cors, "allowCredentials", false);
  read.max_age_s = reader.number(*cors, "maxAge", 0, 86'400);
  return read;
}

void read_event(const Node& event, const EventDefaults& defaults, Function& function,
                Reader& reader) {
  const Node* whole = reader.variables.value(event);
  if (whole == nullptr) return;
  if (whole->kind == Node::Kind::scalar && whole->text == "httpApi")
    return read_http_api(written("*", whole->place), defaults, function, reader);
  if (whole->kind != Node::Kind::map || whole->entries.size() != 1)
    return reader.problems.error(
        whole->place, "E1007",
        "an event is a mapping with one key, such as `http: GET users`; indent its options deeper");
  reader.check_keys(*whole, kEventKeys);
  const std::string& kind = whole->entries.front().first.text;
  const Node* value = reader.find(*whole, kind);
  if (value == nullptr || kEventKeys.meaning(kind) != KnownKeys::Meaning::used) return;
  if (kind == "http") return read_http(*value, function, reader);
  if (kind == "httpApi") return read_http_api(*value, defaults, function, reader);
  if (kind == "s3") return read_s3(*value, defaults, function, reader);
  if (kind == "schedule") return read_schedule(*value, defaults, function, reader);
  if (kind == "sqs") return read_sqs(*value, function, reader);
  if (kind == "stream") return read_stream(*value, function, reader);
  return read_kafka(*value, function, reader);
}

}  // namespace pelton::importer
