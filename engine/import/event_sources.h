// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/reader.h"
#include "engine/import/service.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Events of both kinds of files as routes and feeds.
namespace pelton::importer {

struct Cors {
  std::vector<std::string> origins, headers, expose;
  bool credentials = false;
  std::optional<std::uint64_t> max_age_s;
};

struct HttpRoute {
  Place place;
  std::string method;     // "get", "ANY", "*"
  std::string path;       // "users/{id}", "/users/{proxy+}", "*"
  bool version1 = false;  // of a REST API
  std::optional<Cors> cors;
};
// Of "*", two: a parameter for the rest of a path does not stand for an empty rest.
std::vector<Node> http_routes(const HttpRoute& route);

// How often an asynchronous invocation is tried again.
struct AsyncRetry {
  std::uint64_t attempts = 2;
  std::optional<std::uint64_t> max_age_s;
};

struct S3Rule {
  Place place;
  std::string bucket;
  std::vector<std::string> events;  // "s3:ObjectCreated:*"; none: that
  std::string prefix, suffix;
};
Feed s3_feed(const S3Rule& rule, const AsyncRetry& retry, Reader& reader);

struct Schedule {
  Place place;
  std::string expression;  // "rate(5 minutes)", "cron(0 12 * * ? *)"
  std::string timezone;
  std::optional<Node> input;
};
Feed schedule_feed(const Schedule& schedule, const AsyncRetry& retry);

// A queue or a stream of AWS, which becomes one of the engine.
struct QueueSource {
  enum class Kind { sqs, kinesis, dynamodb } kind = Kind::sqs;
  Place place;
  std::string name;
  std::optional<std::uint64_t> batch, window_s, attempts, max_age_s, concurrency;
  bool latest = false;    // TRIM_HORIZON is the beginning
  bool in_order = false;  // of a partition
};
Feed queue_feed(const QueueSource& queue);
// The last part of an ARN: the name of a queue, table, stream, topic or bucket.
std::string name_of_arn(const std::string& arn);
// "kinesis" of "arn:aws:kinesis:..."; empty: it is none.
std::string service_of_arn(const std::string& arn);

struct KafkaSource {
  Place place;
  std::vector<std::string> brokers;
  std::string topic;
  std::string group;  // empty: the binding's own
  std::optional<std::uint64_t> batch, window_s;
  bool latest = false;
};
Feed kafka_feed(const KafkaSource& kafka);

}  // namespace pelton::importer
