// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// Values. What a config file says after parsing, defaults and checks (load.h): every reference
// resolves, every path is absolute, every number is within its bounds. Field comments name the key.
// Units are in the types.
namespace pelton::config {

// A place in the config file, from 1. Line 0: not from a file (a default).
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct HttpListen {
  std::string host;
  std::uint16_t port = 0;  // 0: any free port, printed at start
};

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { automatic, pretty, json };

struct Engine {
  std::filesystem::path data;                   // data
  std::optional<HttpListen> http;               // http.listen; absent: no TCP listener
  LogLevel log_level = LogLevel::info;          // log.level
  LogFormat log_format = LogFormat::automatic;  // log.format; automatic: pretty on a terminal
  std::uint64_t free_space_bytes = 0;           // free_space: intake stops below it
  Duration shutdown_timeout{};                  // shutdown_timeout: drain deadline after SIGTERM
  std::uint64_t tail_bytes = 0;  // tail: memory for the newest batches of all streams
};

struct Retention {
  std::optional<Duration> time;             // retention.time
  std::optional<std::uint64_t> size_bytes;  // retention.size, per stream
  bool force = false;  // retention.force: drop even what a binding has not settled
};

struct KafkaTls {
  std::filesystem::path ca, certificate, key;  // empty: the system's authorities; no client key
  std::string key_password;
  bool verify_host = true;
};

struct KafkaSasl {
  std::string mechanism;  // plain | scram-sha-256 | scram-sha-512 | oauthbearer
  std::string username, password;
  std::filesystem::path token_file;  // oauthbearer: a JWT, read again before it ends
};

// A property of the client library, as the file has it.
struct KafkaProperty {
  std::string name;
  std::string value;
  Place place;
};

// How a Kafka cluster is reached.
struct KafkaClient {
  Place place;
  std::vector<std::string> brokers;  // host:port each
  std::optional<KafkaTls> tls;
  std::optional<KafkaSasl> sasl;
  std::vector<KafkaProperty> properties;
};

// How a CloudEvent is written as a record (CloudEvents Kafka binding, 3): attributes as headers, or
// all of it as JSON in the value.
enum class ContentMode { binary, structured };

struct KafkaTopic {
  KafkaClient client;
  std::string topic;
  ContentMode content_mode = ContentMode::binary;
};

struct Stream {
  std::string name;
  Place place;
  std::uint32_t partitions = 1;  // partitions; 0 with kafka: the topic has its own number
  Retention retention;
  std::optional<KafkaTopic> kafka;  // absent: kept by the engine
};

// A connector's own options, typed by its OptionSpec: duration, size and number as they parse.
using OptionValue = std::variant<bool, std::int64_t, std::uint64_t, double, Duration, std::string,
                                 std::filesystem::path, std::vector<std::string>>;
using OptionValues = std::map<std::string, OptionValue>;

enum class Direction { source, sink };

struct Retry {
  std::uint32_t attempts = 5;       // retry.attempts: deliveries in all
  Duration first{};                 // retry.backoff.first
  double factor = 2;                // retry.backoff.factor
  Duration max{};                   // retry.backoff.max
  double jitter = 0.2;              // retry.backoff.jitter: +- this part of the delay
  std::optional<Duration> max_age;  // retry.max_age: from the event's first attempt
};

struct BatchLimits {
  std::uint32_t events = 0;  // batch.events: most events in a frame
  std::uint64_t bytes = 0;   // batch.bytes: most payload bytes in a frame
  Duration window{};         // batch.window: wait this long for a fuller frame; 0: do not
};

enum class Order { key, partition, none };

// Where a binding without a stored cursor, or a new consumer group, begins.
struct Start {
  enum class Kind { earliest, latest, time } kind = Kind::earliest;
  WallTime time{};
};

// How a binding or a source is a member of its consumer group.
struct KafkaGroup {
  Place place;                 // of what the file says of it; line 0: nothing
  std::string group;           // group; default pelton.<its name>
  std::string assignor;        // kafka.assignor: range | roundrobin | cooperative-sticky
  std::string instance;        // kafka.instance: static membership; empty: none
  Duration session_timeout{};  // kafka.session_timeout
  Duration drain{};            // kafka.drain: how long a revoke waits for handlers
  Duration commit_interval{};  // kafka.commit_interval
  enum class OutOfRange { stop, earliest, latest } out_of_range = OutOfRange::stop;
};

struct Connector {
  std::string name;
  Place place;
  std::string type;  // "directory": the key that holds its options
  OptionValues options;
  Direction direction = Direction::source;
  std::string stream;  // to (source) or from (sink)
  // Of types whose system is Kafka (ConnectorOptions::topic); group and start of sources.
  std::optional<KafkaTopic> topic;
  KafkaGroup group;
  Start start;
  // A sink is a binding whose worker is the connector; unused for sources.
  Order order = Order::key;
  Retry retry;
  BatchLimits batch;
  std::uint32_t window = 10'000;
};

enum class Runtime { python, cpp };

struct Scale {
  std::uint32_t min = 0;  // scale.min
  std::uint32_t max = 1;  // scale.max
  Duration idle{};        // scale.idle: a worker above min without work for so long ends
};

struct Function {
  std::string name;
  Place place;
  Runtime runtime = Runtime::python;  // runtime
  std::filesystem::path code;         // code: folder (python) or executable (cpp)
  std::string handler;                // handler: "module:callable"; empty for cpp
  std::string interpreter;  // interpreter: command or absolute path; a virtual environment's
                            // folder has become its bin/python3
  Duration timeout{};       // timeout, for one event
  std::optional<std::uint64_t> memory_bytes;  // memory: address space limit (RLIMIT_DATA)
  Scale scale;
  std::optional<std::uint64_t> recycle_events;  // recycle.events: a worker ends after so many
  std::optional<std::uint64_t> recycle_bytes;   // recycle.memory: ... once it holds so much memory
  std::map<std::string, std::string> environment;  // environment: added to the allow-list
};

// What an expression can name: an attribute, a header, a JSON path in the data.
struct FieldRef {
  enum class Kind {
    id,
    source,
    type,
    subject,
    content_type,
    key,
    time,
    header,
    data
  } kind = Kind::key;
  std::string header;             // headers.<name>
  std::vector<std::string> path;  // data.a.b -> {a, b}; empty: the whole data as text
  std::string text;               // as written
  Place place;
};

// One condition on a field's value.
struct Matcher {
  enum class Kind { equals, prefix, suffix, glob, exists, range } kind = Kind::equals;
  std::string text;              // prefix, suffix, glob, equals (string)
  std::optional<double> number;  // equals (number)
  std::optional<bool> flag;      // equals (bool); exists: true or false
  bool null = false;             // equals null
  // range: each bound may be absent
  std::optional<double> above, at_least, below, at_most;
};

// A field passes when any of its matchers holds; an event passes a filter when every field does.
struct FilterRule {
  FieldRef field;
  std::vector<Matcher> any_of;
};

struct Idempotency {
  std::vector<FieldRef> key;  // idempotency.key: one field or a list of them
  Duration ttl{};             // idempotency.ttl
};

// A topic that keeps a binding's dead letters.
struct DeadLetterTopic {
  Place place;
  std::string topic;  // dead_letters.topic, on the cluster of the binding's stream
};

struct Binding {
  std::string name;
  Place place;
  std::string from;  // stream
  std::string function;
  std::optional<std::string> to;  // stream of its outputs
  // delivery: exactly_once: outputs and offsets in one transaction; topic to topic only
  bool exactly_once = false;
  Place delivery_place;
  Order order = Order::key;
  Start start;  // start: earliest | latest | <time>
  std::vector<FilterRule> filter;
  BatchLimits batch;
  Retry retry;
  std::optional<Idempotency> idempotency;
  std::uint32_t window = 10'000;                // window: most unsettled events of a partition
  KafkaGroup kafka;                             // used when `from` is a topic
  std::optional<DeadLetterTopic> dead_letters;  // dead_letters; absent: the engine keeps them
};

struct Config {
  std::filesystem::path file;  // absolute
  Engine engine;
  std::vector<Stream> streams;  // each list in file order
  std::vector<Connector> connectors;
  std::vector<Function> functions;
  std::vector<Binding> bindings;

  const Stream* find_stream(std::string_view name) const;
  const Function* find_function(std::string_view name) const;
};

}  // namespace pelton::config
