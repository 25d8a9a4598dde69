// SPDX-License-Identifier: Apache-2.0
#include "engine/import/event_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace pelton::importer {
namespace {

std::string seconds(std::uint64_t count) {
  return fmt::format("{}s", count);
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

Node cors_node(const Cors& cors, Place place) {
  Map map(place);
  if (!cors.origins.empty()) map.add("origins", list(cors.origins, place));
  if (!cors.headers.empty()) map.add("headers", list(cors.headers, place));
  if (!cors.expose.empty()) map.add("expose", list(cors.expose, place));
  if (cors.credentials) map.add("credentials", plain("true", place));
  if (cors.max_age_s) map.add("max_age", plain(seconds(*cors.max_age_s), place));
  return map.take();
}

Node route_node(const HttpRoute& route, const std::string& path) {
  Map map(route.place);
  const std::string method = upper(route.method);
  if (method != "ANY" && method != "*") map.add("method", plain(method, route.place));
  map.add("path", quoted(path, route.place));
  map.add("event", plain(route.version1 ? "apigateway/v1" : "apigateway/v2", route.place));
  if (route.cors) map.add("cors", cors_node(*route.cors, route.place));
  return map.take();
}

// What the binding reads is dropped after a week: a laptop's disk is small.
Node kept_stream(Place place) {
  return Map(place).add("retention", plain("7d", place)).take();
}

// As AWS Lambda tries asynchronous invocations again: after one and after two minutes.
void add_async(Map& binding, const AsyncRetry& retry, Place place) {
  binding.add("order", plain("none", place));
  Map options(place);
  options.add("attempts", plain(std::to_string(retry.attempts + 1), place));
  if (retry.max_age_s && *retry.max_age_s > 0)
    options.add("max_age", plain(seconds(*retry.max_age_s), place));
  options.add("backoff",
              Map(place).add("first", plain("1m", place)).add("factor", plain("2", place)).take());
  binding.add("retry", options.take());
}

void add_batch(Map& binding, std::uint64_t events, const std::optional<std::uint64_t>& window_s,
               Place place) {
  Map batch(place);
  batch.add("events", plain(std::to_string(events), place));
  if (window_s && *window_s > 0) batch.add("wait", plain(seconds(*window_s), place));
  binding.add("batch", batch.take());
}

// AWS's names of events that a listing does not tell apart.
std::string listed_event(const std::string& event, Place place, Reader& reader) {
  static constexpr std::array kCreated{"s3:ObjectCreated:Post", "s3:ObjectCreated:Copy"};
  static constexpr std::array kKnown{"s3:ObjectCreated:*", "s3:ObjectCreated:Put",
                                     "s3:ObjectCreated:CompleteMultipartUpload",
                                     "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete"};
  if (std::ranges::find(kKnown, event) != kKnown.end()) return event;
  if (std::ranges::find(kCreated, event) != kCreated.end()) {
    reader.ignored(place, event, "cannot be told from s3:ObjectCreated:Put, which is used");
    return "s3:ObjectCreated:Put";
  }
  reader.ignored(place, "the S3 event " + event, "is not available here");
  return {};
}

}  // namespace

std::vector<Node> http_routes(const HttpRoute& route) {
  if (route.path == "*" || route.path == "$default")
    return {route_node(route, "/"), route_node(route, "/{proxy+}")};
  std::string path = route.path.starts_with('/') ? route.path : "/" + route.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return {route_node(route, path)};
}

Feed s3_feed(const S3Rule& rule, const AsyncRetry& retry, Reader& reader) {
  const Place place = rule.place;
  Map options(place);
  options.add("bucket", quoted(rule.bucket, place));
  if (!rule.prefix.empty()) options.add("prefix", quoted(rule.prefix, place));
  if (!rule.suffix.empty()) options.add("suffix", quoted(rule.suffix, place));
  std::vector<std::string> events;
  for (const std::string& event : rule.events) {
    const std::string known = listed_event(event, place, reader);
    if (!known.empty() && std::ranges::find(events, known) == events.end()) events.push_back(known);
  }
  if (!events.empty()) options.add("events", list(events, place));
  options.add("start", plain("latest", place));  // AWS notifies of new objects only
  options.add("poll", plain("2s", place));
  const auto& services = reader.options.services;
  auto url = services.find("s3");
  if (url == services.end()) url = services.find("");
  if (url != services.end()) {
    options.add("endpoint", quoted(url->second, place));
    const auto credential = [&](const char* name, const char* otherwise) {
      const Node* own = reader.services ? reader.services->find(name) : nullptr;
      options.add(name, own == nullptr ? written(otherwise, place) : *own);
    };
    credential("access_key", "${env:AWS_ACCESS_KEY_ID:-test}");
    credential("secret_key", "${env:AWS_SECRET_ACCESS_KEY:-test}");
  }
  options.add("region", quoted(reader.variables.region(), place));
  Map binding(place);
  binding.add("event", plain("s3", place));
  add_async(binding, retry, place);
  return {place,
          rule.bucket,
          false,
          kept_stream(place),
          Map(place).add("s3", options.take()).take(),
          binding.take(),
          "objects of the bucket " + rule.bucket};
}

Feed schedule_feed(const Schedule& schedule, const AsyncRetry& retry) {
  const Place place = schedule.place;
  Map options(place);
  options.add("aws", quoted(schedule.expression, place));
  if (!schedule.timezone.empty()) options.add("timezone", quoted(schedule.timezone, place));
  options.add("missed", plain("skip", place));  // AWS does not catch up either
  if (schedule.input)
    options.add("data", *schedule.input);
  else
    options.add("document", plain("eventbridge", place));
  Map binding(place);
  add_async(binding, retry, place);
  return {place,
          "schedule",
          false,
          kept_stream(place),
          Map(place).add("schedule", options.take()).take(),
          binding.take(),
          schedule.expression};
}

Feed queue_feed(const QueueSource& queue) {
  using Kind = QueueSource::Kind;
  static constexpr std::array kShapes{"sqs", "kinesis", "dynamodb"};
  const Place place = queue.place;
  const bool is_queue = queue.kind == Kind::sqs;
  const char* shape = kShapes.at(static_cast<std::size_t>(queue.kind));
  const bool fifo = queue.name.ends_with(".fifo");
  Map binding(place);
  binding.add("event", plain(shape, place));
  binding.add("order", plain(is_queue && !fifo ? "none"
                             : queue.in_order  ? "partition"
                                               : "key",
                             place));
  if (queue.latest) binding.add("start", plain("latest", place));
  add_batch(binding, queue.batch.value_or(is_queue ? 10 : 100), queue.window_s, place);
  if (queue.concurrency)
    binding.add("concurrency", plain(std::to_string(*queue.concurrency), place));
  if (queue.attempts || queue.max_age_s) {
    Map retry(place);
    if (queue.attempts) retry.add("attempts", plain(std::to_string(*queue.attempts), place));
    if (queue.max_age_s) retry.add("max_age", plain(seconds(*queue.max_age_s), place));
    binding.add("retry", retry.take());
  }
  return {place,
          queue.name,
          true,
          kept_stream(place),
          {},
          binding.take(),
          fmt::format("{} {}", shape, queue.name)};
}

Feed kafka_feed(const KafkaSource& kafka) {
  const Place place = kafka.place;
  Map stream(place);
  stream.add("kafka", Map(place)
                          .add("brokers", list(kafka.brokers, place))
                          .add("topic", quoted(kafka.topic, place))
                          .take());
  Map binding(place);
  binding.add("event", plain("kafka", place));
  if (!kafka.group.empty()) binding.add("group", quoted(kafka.group, place));
  if (kafka.latest) binding.add("start", plain("latest", place));
  add_batch(binding, kafka.batch.value_or(100), kafka.window_s, place);
  return {place, kafka.topic, true, stream.take(), {}, binding.take(), "topic " + kafka.topic};
}

std::string name_of_arn(const std::string& arn) {
  if (!arn.starts_with("arn:")) return arn.substr(arn.rfind('/') + 1);
  // arn:aws:dynamodb:region:account:table/NAME/stream/TIME
  const auto stream = arn.find("/stream/");
  const std::string whole = stream == std::string::npos ? arn : arn.substr(0, stream);
  const auto last = whole.find_last_of(":/");
  return whole.substr(last + 1);
}

std::string service_of_arn(const std::string& arn) {
  if (!arn.starts_with("arn:")) return {};
  const auto begin = arn.find(':', 4);
  if (begin == std::string::npos) return {};
  return arn.substr(begin + 1, arn.find(':', begin + 1) - begin - 1);
}

}  // namespace pelton::importer
