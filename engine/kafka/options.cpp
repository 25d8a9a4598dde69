// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/options.h"

#include "engine/config/parts/binding.h"
#include "engine/config/parts/connector.h"
#include "engine/config/parts/stream.h"
#include "engine/config/spec/topic_kind.h"
#include "engine/config/yaml/secrets.h"
#include "engine/kafka/client/client_config.h"
#include "engine/kafka/option_fields.h"

#include <algorithm>
#include <charconv>

namespace pelton::kafka {
namespace {

using config::Fields;
using config::Node;
using config::OptionType;
using config::ReadContext;
using config::Section;
using config::section_of;

// "host:port", "[::1]:port". A trailing dot of the host would fail the check of certificates.
std::optional<std::string> tidy_broker(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65'535)
    return std::nullopt;
  if (host.ends_with('.')) host.remove_suffix(1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const bool bad = host.empty() || (!bracketed && host.find(':') != std::string_view::npos) ||
                   host.find_first_of(" /,") != std::string_view::npos;
  if (bad) return std::nullopt;
  return fmt::format("{}:{}", host, number);
}

void tidy_brokers(const Section& section, const std::string& prefix, ReadContext& context,
                  ClientOptions& client) {
  client.place = section.place(section_of(prefix));
  std::vector<std::string> brokers;
  for (const std::string& text : client.brokers) {
    if (auto broker = tidy_broker(text))
      brokers.push_back(std::move(*broker));
    else
      context.problems.error(
          section.place(prefix + "brokers"), "E1008",
          fmt::format("{}: \"{}\" is not the host:port of a broker", section.label(), text));
  }
  client.brokers = std::move(brokers);
}

void read_properties(const Node& node, ReadContext& context, ClientOptions& client) {
  if (node.kind != Node::Kind::map) {
    context.problems.error(
        node.place, "E1007",
        fmt::format("properties must be a mapping of names to texts, not {}", node.kind_name()));
    return;
  }
  for (const auto& [key, value] : node.entries) {
    if (value.kind != Node::Kind::scalar)
      context.problems.error(
          value.place, "E1007",
          fmt::format("the property {} must be a text, not {}", key.text, value.kind_name()));
    else if (auto text = config::expand(value, context)) {
      if (config::secret_name(key.text)) config::guard_secret(key.text, value, context);
      client.properties.push_back({key.text, std::move(*text), key.place});
    }
  }
}

std::map<std::string, std::string> properties_of(const ClientOptions& client) {
  std::map<std::string, std::string> properties;
  for (const Property& property : client.properties) properties[property.name] = property.value;
  return properties;
}

void check_sasl(const Section& section, const std::string& prefix, ReadContext& context,
                SaslOptions& sasl) {
  config::require_file(section, prefix + "token_file", sasl.token_file, context);
  const bool token = sasl.mechanism == "oauthbearer";
  if (token ? sasl.token_file.empty() == !sasl.oidc
            : (sasl.username.empty() || sasl.password.empty()))
    context.problems.error(
        section.place(section_of(prefix)), "E1006",
        fmt::format("{}: sasl {} needs {}", section.label(), sasl.mechanism,
                    token ? "either `token_file` or `oidc`" : "`username` and `password`"));
}

Fields<OidcOptions> oidc_fields() {
  return Fields<OidcOptions>(
             "oidc",
             "Tokens for `oauthbearer` from an identity provider, with OAuth 2.0 client "
             "credentials. They are fetched and renewed by the engine. For a provider whose "
             "certificate is signed by an authority of your own, set the property "
             "`https.ca.location`.")
      .option("token_url", &OidcOptions::token_url, "The provider's token endpoint.",
              {.example = "https://login.example.com/oauth2/token", .required = true})
      .option("client_id", &OidcOptions::client_id, "The client's id.", {.required = true})
      .option("client_secret", &OidcOptions::client_secret, "The client's secret.",
              {.example = "${env:CLIENT_SECRET}", .required = true, .secret = true})
      .option("scope", &OidcOptions::scope, "The scope to ask for.", {.example = "kafka"})
      .option("extensions", &OidcOptions::extensions,
              "SASL extensions that are sent to the brokers with the token, as `key=value` with "
              "commas between them.",
              {.example = "logicalCluster=lkc-1,identityPoolId=pool-1"});
}

Fields<SaslOptions> sasl_fields() {
  return Fields<SaslOptions>("sasl", "How the client authenticates.")
      .choice("mechanism", &SaslOptions::mechanism,
              {{"plain", "plain"},
               {"scram-sha-256", "scram-sha-256"},
               {"scram-sha-512", "scram-sha-512"},
               {"oauthbearer", "oauthbearer"}},
              "SASL mechanism that the brokers are configured for.", {.required = true})
      .option("username", &SaslOptions::username, "User name, for `plain` and `scram`.")
      .option("password", &SaslOptions::password, "Password, for `plain` and `scram`.",
              {.example = "${env:PASSWORD}", .secret = true})
      .option("token_file", &SaslOptions::token_file,
              "File with a JSON Web Token, for `oauthbearer`. It is read again before the token "
              "expires.")
      .section(&SaslOptions::oidc, oidc_fields())
      .then(check_sasl);
}

// A value is the encoded data or a JSON document with all of the event, not both.
void check_encoding(const Section& section, const std::string&, ReadContext& context,
                    TopicOptions& topic) {
  if (topic.schemas && topic.schemas->value.encode && topic.content_mode == ContentMode::structured)
    context.problems.error(
        topic.schemas->place, "E1006",
        fmt::format("{}: `schema_registry.encode` needs `content_mode: binary`", section.label()));
}

void check_properties(const Section&, const std::string&, ReadContext& context,
                      ClientOptions& client) {
  for (config::Diagnostic& problem : check_client(client))
    context.problems.error(problem.place, std::move(problem.code), std::move(problem.message));
}

Fields<ClientOptions> client_fields() {
  return Fields<ClientOptions>("", "")
      .option("brokers", &ClientOptions::brokers, "Bootstrap brokers, as `host:port`.",
              {.example = "[localhost:9092]", .required = true})
      .node("properties", OptionType::text_map, read_properties, properties_of,
            "Further properties of the client library (librdkafka).",
            {.example = "{ fetch.min.bytes: 100000 }", .secret = true})
      .section(
          &ClientOptions::tls,
          net::tls_fields("Encrypt connections and verify the brokers' certificates. `tls: {}` "
                          "trusts the system's certificate authorities."))
      .section(&ClientOptions::sasl, sasl_fields())
      .then(tidy_brokers)
      .then(check_properties);
}

}  // namespace

void check_topic_name(const Section& section, const std::string& path, ReadContext& context) {
  const auto topic = section.value<std::string>(path);
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (topic.empty() ||
      (topic.size() <= 249 && topic != "." && topic != ".." && std::ranges::all_of(topic, good)))
    return;
  context.problems.error(
      section.place(path), "E1008",
      fmt::format("{}: \"{}\" is not a valid topic name: use letters, digits, `.`, `_` and `-`, at "
                  "most 249 characters",
                  section.label(), topic));
}

Fields<TopicOptions> topic_fields(std::string name, std::string sentence) {
  return Fields<TopicOptions>(std::move(name), std::move(sentence))
      .include(&TopicOptions::client, client_fields())
      .option("topic", &TopicOptions::topic, "Name of the topic.", {.required = true})
      .section(&TopicOptions::schemas, schema::schema_fields())
      .then([](const Section& section, const std::string& prefix, ReadContext& context,
               TopicOptions&) { check_topic_name(section, prefix + "topic", context); });
}

Fields<GroupOptions> group_name_fields(std::string sentence) {
  return Fields<GroupOptions>("", "").option("group", &GroupOptions::group, std::move(sentence),
                                             {.example = "billing"});
}

Fields<GroupOptions> member_fields(std::string name, std::string sentence) {
  return Fields<GroupOptions>(std::move(name), std::move(sentence))
      .choice("assignor", &GroupOptions::assignor,
              {{"range", "range"},
               {"roundrobin", "roundrobin"},
               {"cooperative-sticky", "cooperative-sticky"}},
              "Partition assignment strategy. All members of a group must use the same one.")
      .option("instance", &GroupOptions::instance,
              "Group instance id for static membership: the member keeps its partitions across a "
              "restart that takes less than `session_timeout`.",
              {.example = "node-1"})
      .option("session_timeout", &GroupOptions::session_timeout,
              "A member that is not heard of for this long loses its partitions.",
              {.at_least = "6s", .at_most = "30m"})
      .option("commit_interval", &GroupOptions::commit_interval,
              "Maximum time between commits of settled offsets.",
              {.at_least = "5ms", .at_most = "1m"})
      .choice("out_of_range", &GroupOptions::out_of_range,
              {{"stop", GroupOptions::OutOfRange::stop},
               {"earliest", GroupOptions::OutOfRange::earliest},
               {"latest", GroupOptions::OutOfRange::latest}},
              "What to do when the committed offset no longer exists in the topic: `stop` the "
              "partition until an operator decides, or continue with the `earliest` or `latest` "
              "event.");
}

namespace {

Fields<TopicOptions> stream_fields() {
  return topic_fields("kafka",
                      "Makes the stream a Kafka topic, which has its own partitions and retention.")
      .choice("content_mode", &TopicOptions::content_mode,
              {{"binary", ContentMode::binary}, {"structured", ContentMode::structured}},
              "How outputs that are CloudEvents (with `id`, `source` and `type`) are written: with "
              "their attributes as headers (`binary`) or as one JSON document in the value "
              "(`structured`). Both are understood when reading.")
      .then(check_encoding);
}

// How a binding is a member of its group, under the key `kafka`, and the group's name beside it.
Fields<GroupOptions> binding_fields() {
  return group_name_fields(
             "Consumer group, if the stream is a Kafka topic. The default is `pelton.<binding>`.")
      .section(
          member_fields("kafka",
                        "The binding's membership in its consumer group. Only for streams that "
                        "are Kafka topics.")
              .option("drain", &GroupOptions::drain,
                      "How long to wait for events in flight when partitions move to another "
                      "member.",
                      {.at_least = "0s", .at_most = "5m"})
              .option("transaction_timeout", &GroupOptions::transaction_timeout,
                      "With `delivery: exactly_once`: how long a transaction may take. The outputs "
                      "of one frame have to be written in two thirds of it, so raise it for large "
                      "outputs on slow networks. If an engine dies, readers wait as long for its "
                      "last transaction. At most the brokers' `transaction.max.timeout.ms`.",
                      {.at_least = "1s", .at_most = "15m"}));
}

config::Topic facts_of(const std::any& settings) {
  const auto& topic = std::any_cast<const TopicOptions&>(settings);
  const bool uncommitted =
      std::ranges::any_of(topic.client.properties, [](const Property& property) {
        return property.name == "isolation.level" && property.value == "read_uncommitted";
      });
  return {settings, topic.topic, topic.client.brokers, uncommitted};
}

}  // namespace

config::TopicKind topic_kind() {
  return {config::settings_spec(stream_fields()), config::settings_spec(binding_fields()), facts_of,
          [](const std::any& member) { return std::any_cast<const GroupOptions&>(member).group; },
          check_topic_name};
}

config::Location topic_location(const TopicOptions& topic, bool written) {
  return {"topic " + topic.topic, topic.client.brokers, written, {}, {}};
}

const TopicOptions& topic_of(const config::Stream& stream) {
  return std::any_cast<const TopicOptions&>(stream.kafka->settings);
}

GroupOptions group_of(const config::Binding& binding) {
  const auto* said = std::any_cast<GroupOptions>(&binding.kafka.settings);
  GroupOptions group = said == nullptr ? GroupOptions{} : *said;
  group.group = binding.kafka.group;
  return group;
}

}  // namespace pelton::kafka
