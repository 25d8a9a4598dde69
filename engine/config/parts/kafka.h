// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/yaml/place.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// Values. What the config says of Kafka; the client library itself is known to engine/kafka only.
// The members' initialisers are the defaults.
namespace pelton::config {

struct KafkaTls {
  std::filesystem::path ca, certificate, key;  // empty: the system's authorities; no client key
  std::string key_password;
  bool verify_host = true;
};

struct KafkaSasl {
  std::string mechanism;  // plain | scram-sha-256 | scram-sha-512 | oauthbearer
  std::string username, password;
  std::filesystem::path token_file;  // oauthbearer: a JWT, read again before it expires
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

// Whether both reach the same cluster, as far as their brokers' names tell.
bool same_cluster(const KafkaClient& one, const KafkaClient& other);

// How a CloudEvent is written as a record (CloudEvents Kafka binding, 3): attributes as headers, or
// all of it as JSON in the value.
enum class ContentMode { binary, structured };

struct KafkaTopic {
  KafkaClient client;
  std::string topic;
  ContentMode content_mode = ContentMode::binary;
};

// How a binding or a source is a member of its consumer group.
struct KafkaGroup {
  Place place;                     // of what the file says of it; line 0: nothing
  std::string group;               // default pelton.<its name>
  std::string assignor = "range";  // range | roundrobin | cooperative-sticky
  std::string instance;            // static membership; empty: none
  Duration session_timeout{std::chrono::seconds(45)};
  Duration drain{std::chrono::seconds(5)};  // how long a revoke waits for handlers
  Duration commit_interval{std::chrono::milliseconds(100)};
  enum class OutOfRange { stop, earliest, latest } out_of_range = OutOfRange::stop;
};

}  // namespace pelton::config
