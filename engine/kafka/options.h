// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/yaml/place.h"
#include "engine/net/tls.h"
#include "engine/schema/options.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {
struct Binding;
struct Location;
struct Stream;
struct TopicKind;
}  // namespace pelton::config

// Values. What config files say of Kafka. The members' initialisers are the defaults.
namespace pelton::kafka {

// OAuth 2.0 client credentials (RFC 6749, 4.4). The client library fetches and renews the tokens.
struct OidcOptions {
  std::string token_url;
  std::string client_id, client_secret;
  std::string scope;
  std::string extensions;  // of SASL (RFC 7628): "key=value,..."
};

struct SaslOptions {
  std::string mechanism;  // plain | scram-sha-256 | scram-sha-512 | oauthbearer
  std::string username, password;
  // oauthbearer: one of the two.
  std::filesystem::path token_file;  // a JWT, read again before it expires
  std::optional<OidcOptions> oidc;
};

// A property of the client library, as the file has it.
struct Property {
  std::string name;
  std::string value;
  config::Place place;
};

// How a Kafka cluster is reached.
struct ClientOptions {
  config::Place place;
  std::vector<std::string> brokers;  // host:port each
  std::optional<net::Tls> tls;
  std::optional<SaslOptions> sasl;
  std::vector<Property> properties;
};

// How a CloudEvent is written as a record (CloudEvents Kafka binding, 3): attributes as headers, or
// all of it as JSON in the value.
enum class ContentMode { binary, structured };

struct TopicOptions {
  ClientOptions client;
  std::string topic;
  ContentMode content_mode = ContentMode::binary;
  std::optional<schema::SchemaOptions> schemas{};  // of its values
};

// How a binding or a source is a member of its consumer group.
struct GroupOptions {
  std::string group;               // default pelton.<its name>
  std::string assignor = "range";  // range | roundrobin | cooperative-sticky
  std::string instance;            // static membership; empty: none
  Duration session_timeout{std::chrono::seconds(45)};
  Duration drain{std::chrono::seconds(5)};  // how long a revoke waits for handlers
  Duration commit_interval{std::chrono::milliseconds(100)};
  // Of exactly_once. As Kafka Streams has it: a dead engine's transaction holds up readers for so
  // long.
  Duration transaction_timeout{std::chrono::seconds(10)};
  enum class OutOfRange { stop, earliest, latest } out_of_range = OutOfRange::stop;
};

// A topic as connectors name it.
config::Location topic_location(const TopicOptions& topic, bool written);

// What config files need to know of topics: the options of streams and of bindings that read them.
config::TopicKind topic_kind();

// Of a stream that is a topic.
const TopicOptions& topic_of(const config::Stream& stream);
// Of a binding that reads one.
GroupOptions group_of(const config::Binding& binding);

}  // namespace pelton::kafka
