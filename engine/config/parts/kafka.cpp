// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/kafka_fields.h"
#include "engine/config/yaml/secrets.h"

#include <algorithm>
#include <charconv>

namespace pelton::config {
namespace {

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
                  KafkaClient& client) {
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

void read_properties(const Node& node, ReadContext& context, KafkaClient& client) {
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
    else if (auto text = expand(value, context)) {
      if (secret_name(key.text)) guard_secret(key.text, value, context);
      client.properties.push_back({key.text, std::move(*text), key.place});
    }
  }
}

std::map<std::string, std::string> properties_of(const KafkaClient& client) {
  std::map<std::string, std::string> properties;
  for (const KafkaProperty& property : client.properties)
    properties[property.name] = property.value;
  return properties;
}

void check_file(const Section& section, const std::string& path, const std::filesystem::path& file,
                ReadContext& context) {
  std::error_code ignored;
  if (!file.empty() && !std::filesystem::is_regular_file(file, ignored))
    context.problems.error(
        section.place(path), "E1008",
        fmt::format("{}: the file {} does not exist", section.label(), file.string()));
}

void check_tls(const Section& section, const std::string& prefix, ReadContext& context,
               KafkaTls& tls) {
  check_file(section, prefix + "ca", tls.ca, context);
  check_file(section, prefix + "certificate", tls.certificate, context);
  check_file(section, prefix + "key", tls.key, context);
  if (tls.certificate.empty() != tls.key.empty())
    context.problems.error(
        section.place(section_of(prefix)), "E1023",
        fmt::format("{}: `tls.certificate` and `tls.key` must be set together", section.label()));
}

void check_sasl(const Section& section, const std::string& prefix, ReadContext& context,
                KafkaSasl& sasl) {
  check_file(section, prefix + "token_file", sasl.token_file, context);
  const bool token = sasl.mechanism == "oauthbearer";
  if (token ? sasl.token_file.empty() : (sasl.username.empty() || sasl.password.empty()))
    context.problems.error(section.place(section_of(prefix)), "E1006",
                           fmt::format("{}: sasl {} needs {}", section.label(), sasl.mechanism,
                                       token ? "`token_file`" : "`username` and `password`"));
}

Fields<KafkaTls> tls_fields() {
  return Fields<KafkaTls>("tls",
                          "Encrypt connections and verify the brokers' certificates. `tls: {}` "
                          "trusts the system's certificate authorities.")
      .option("ca", &KafkaTls::ca, "Certificate authorities to trust (PEM).")
      .option("certificate", &KafkaTls::certificate, "Client certificate (PEM).")
      .option("key", &KafkaTls::key, "Private key of the client certificate (PEM).")
      .option("key_password", &KafkaTls::key_password, "Password of the private key.",
              {.example = "${env:KEY_PASSWORD}", .secret = true})
      .option("verify_host", &KafkaTls::verify_host,
              "Require that the certificate matches the broker's host name.")
      .then(check_tls);
}

Fields<KafkaSasl> sasl_fields() {
  return Fields<KafkaSasl>("sasl", "How the client authenticates.")
      .choice("mechanism", &KafkaSasl::mechanism,
              {{"plain", "plain"},
               {"scram-sha-256", "scram-sha-256"},
               {"scram-sha-512", "scram-sha-512"},
               {"oauthbearer", "oauthbearer"}},
              "SASL mechanism that the brokers are configured for.", {.required = true})
      .option("username", &KafkaSasl::username, "User name, for `plain` and `scram`.")
      .option("password", &KafkaSasl::password, "Password, for `plain` and `scram`.",
              {.example = "${env:PASSWORD}", .secret = true})
      .option("token_file", &KafkaSasl::token_file,
              "File with a JSON Web Token, for `oauthbearer`. It is read again before the token "
              "expires.")
      .then(check_sasl);
}

Fields<KafkaClient> client_fields() {
  return Fields<KafkaClient>("", "")
      .option("brokers", &KafkaClient::brokers, "Bootstrap brokers, as `host:port`.",
              {.example = "[localhost:9092]", .required = true})
      .node("properties", OptionType::text_map, read_properties, properties_of,
            "Further properties of the client library (librdkafka).",
            {.example = "{ fetch.min.bytes: 100000 }", .secret = true})
      .section(&KafkaClient::tls, tls_fields())
      .section(&KafkaClient::sasl, sasl_fields())
      .then(tidy_brokers);
}

// Of what the file says last: the group's name or how one is its member.
void keep_group_place(const Section& section, const std::string& prefix, ReadContext&,
                      KafkaGroup& group) {
  if (section.node(prefix + "group") != nullptr) group.place = section.place(prefix + "group");
}
void keep_member_place(const Section& section, const std::string& prefix, ReadContext&,
                       KafkaGroup& group) {
  const std::string path = section_of(prefix);
  if (section.node(path) != nullptr) group.place = section.place(path);
}

}  // namespace

bool same_cluster(const KafkaClient& one, const KafkaClient& other) {
  return std::ranges::find_first_of(one.brokers, other.brokers) != one.brokers.end();
}

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

Fields<KafkaTopic> kafka_topic_fields(std::string name, std::string sentence) {
  return Fields<KafkaTopic>(std::move(name), std::move(sentence))
      .include(&KafkaTopic::client, client_fields())
      .option("topic", &KafkaTopic::topic, "Name of the topic.", {.required = true})
      .then([](const Section& section, const std::string& prefix, ReadContext& context,
               KafkaTopic&) { check_topic_name(section, prefix + "topic", context); });
}

Fields<KafkaTopic> kafka_stream_fields() {
  return kafka_topic_fields(
             "kafka", "Makes the stream a Kafka topic, which has its own partitions and retention.")
      .choice("content_mode", &KafkaTopic::content_mode,
              {{"binary", ContentMode::binary}, {"structured", ContentMode::structured}},
              "How outputs that are CloudEvents (with `id`, `source` and `type`) are written: with "
              "their attributes as headers (`binary`) or as one JSON document in the value "
              "(`structured`). Both are understood when reading.");
}

Fields<KafkaGroup> kafka_group_name_fields(std::string sentence) {
  return Fields<KafkaGroup>("", "")
      .option("group", &KafkaGroup::group, std::move(sentence), {.example = "billing"})
      .then(keep_group_place);
}

Fields<KafkaGroup> kafka_member_fields(std::string name, std::string sentence) {
  return Fields<KafkaGroup>(std::move(name), std::move(sentence))
      .choice("assignor", &KafkaGroup::assignor,
              {{"range", "range"},
               {"roundrobin", "roundrobin"},
               {"cooperative-sticky", "cooperative-sticky"}},
              "Partition assignment strategy. All members of a group must use the same one.")
      .option("instance", &KafkaGroup::instance,
              "Group instance id for static membership: the member keeps its partitions across a "
              "restart that takes less than `session_timeout`.",
              {.example = "node-1"})
      .option("session_timeout", &KafkaGroup::session_timeout,
              "A member that is not heard of for this long loses its partitions.",
              {.at_least = "6s", .at_most = "30m"})
      .option("commit_interval", &KafkaGroup::commit_interval,
              "Maximum time between commits of settled offsets.",
              {.at_least = "5ms", .at_most = "1m"})
      .choice("out_of_range", &KafkaGroup::out_of_range,
              {{"stop", KafkaGroup::OutOfRange::stop},
               {"earliest", KafkaGroup::OutOfRange::earliest},
               {"latest", KafkaGroup::OutOfRange::latest}},
              "What to do when the committed offset no longer exists in the topic: `stop` the "
              "partition until an operator decides, or continue with the `earliest` or `latest` "
              "event.");
}

Fields<KafkaGroup> kafka_binding_fields() {
  return kafka_member_fields("kafka",
                             "The binding's membership in its consumer group. Only for streams "
                             "that are Kafka topics.")
      .option("drain", &KafkaGroup::drain,
              "How long to wait for events in flight when partitions move to another member.",
              {.at_least = "0s", .at_most = "5m"})
      .then(keep_member_place);
}

}  // namespace pelton::config
