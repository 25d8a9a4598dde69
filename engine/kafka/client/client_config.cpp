// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/client_config.h"

#include "engine/config/yaml/diagnostic.h"
#include "engine/kafka/client/handles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace pelton::kafka {
namespace {

struct Setting {
  const char* name;
  const char* value;
};

// What every consumer of ours has. Offsets are committed by us, once settled, never by the library;
// a lost position must be a decision, not a jump to the end. Brokers and TLS ends are seen soon
// (keepalive), small requests go at once (nagle). The queue is per partition here, because each
// partition's queue is polled on its own, and bounds what a slow function can pile up. A
// partition's end is told, because offsets before it may hold no record (transactions). Partitions
// that are added, topics that are recreated and brokers that are back are seen within seconds.
constexpr std::array<Setting, 12> kConsumer{{{"enable.auto.commit", "false"},
                                             {"enable.auto.offset.store", "false"},
                                             {"auto.offset.reset", "error"},
                                             {"enable.partition.eof", "true"},
                                             {"socket.nagle.disable", "true"},
                                             {"socket.keepalive.enable", "true"},
                                             {"reconnect.backoff.max.ms", "1000"},
                                             {"log.queue", "true"},
                                             {"queued.min.messages", "100000"},
                                             {"fetch.wait.max.ms", "100"},
                                             {"topic.metadata.refresh.interval.ms", "5000"},
                                             {"fetch.error.backoff.ms", "100"}}};

// What every producer of ours has. A record's size is the brokers' business, a request's is
// bounded. A topic that is not there is known to be missing within five seconds, and seen
// within five seconds once it is there.
constexpr std::array<Setting, 11> kProducer{{{"enable.idempotence", "true"},
                                             {"acks", "all"},
                                             {"message.max.bytes", "104857600"},
                                             {"partitioner", "murmur2_random"},
                                             {"queue.buffering.max.kbytes", "131072"},
                                             {"socket.nagle.disable", "true"},
                                             {"socket.keepalive.enable", "true"},
                                             {"reconnect.backoff.max.ms", "1000"},
                                             {"topic.metadata.propagation.max.ms", "5000"},
                                             {"topic.metadata.refresh.interval.ms", "5000"},
                                             {"log.queue", "true"}}};

// What every reader of ours has, over the file's properties: those are made for the consumers.
constexpr std::array<Setting, 11> kReader{{{"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"enable.partition.eof", "true"},
                                           {"socket.nagle.disable", "true"},
                                           {"socket.keepalive.enable", "true"},
                                           {"log.queue", "true"},
                                           {"queued.max.messages.kbytes", "4096"},
                                           {"fetch.min.bytes", "1"},
                                           {"fetch.wait.max.ms", "100"},
                                           {"fetch.error.backoff.ms", "100"},
                                           {"reconnect.backoff.max.ms", "1000"}}};

constexpr int kQueueBackoff = 0x02'02'00'ff;  // the first version that has fetch.queue.backoff.ms

struct Owned {
  std::string_view name;
  std::string_view instead;
};
constexpr std::array<Owned, 41> kOwned{
    {{"bootstrap.servers", "`brokers`"},
     {"metadata.broker.list", "`brokers`"},
     {"group.id", "`group`"},
     {"group.instance.id", "`instance`"},
     {"session.timeout.ms", "`session_timeout`"},
     {"partition.assignment.strategy", "`assignor`"},
     {"enable.auto.commit", "nothing: offsets are committed once their events are settled"},
     {"auto.commit.interval.ms", "`commit_interval`"},
     {"enable.auto.offset.store", "nothing: offsets are committed once their events are settled"},
     {"auto.offset.reset", "`start` and `out_of_range`"},
     {"enable.partition.eof", "nothing"},
     {"security.protocol", "`tls` and `sasl`"},
     {"sasl.mechanism", "`sasl.mechanism`"},
     {"sasl.mechanisms", "`sasl.mechanism`"},
     {"sasl.username", "`sasl.username`"},
     {"sasl.password", "`sasl.password`"},
     {"sasl.oauthbearer.method", "`sasl.oidc`"},
     {"sasl.oauthbearer.token.endpoint.url", "`sasl.oidc.token_url`"},
     {"sasl.oauthbearer.client.id", "`sasl.oidc.client_id`"},
     {"sasl.oauthbearer.client.secret", "`sasl.oidc.client_secret`"},
     {"sasl.oauthbearer.scope", "`sasl.oidc.scope`"},
     {"sasl.oauthbearer.extensions", "`sasl.oidc.extensions`"},
     {"ssl.ca.location", "`tls.ca`"},
     {"ssl.certificate.location", "`tls.certificate`"},
     {"ssl.key.location", "`tls.key`"},
     {"ssl.key.password", "`tls.key_password`"},
     {"ssl.endpoint.identification.algorithm", "`tls.verify_host`"},
     {"enable.ssl.certificate.verification", "`tls.verify_host`"},
     {"statistics.interval.ms", "nothing: `pelton status` and /metrics say how it goes"},
     {"enabled_events", "nothing"},
     {"log.queue", "nothing"},
     {"plugin.library.paths", "nothing: no code is loaded into the engine"},
     {"acks", "nothing: all replicas in sync acknowledge"},
     {"request.required.acks", "nothing: all replicas in sync acknowledge"},
     {"message.timeout.ms", "nothing: records wait until brokers take or refuse them"},
     {"delivery.timeout.ms", "nothing: records wait until brokers take or refuse them"},
     {"transactional.id", "`delivery: exactly_once` of the binding"},
     {"transaction.timeout.ms", "nothing"},
     {"partitioner", "nothing: keys are spread as Kafka spreads them"},
     {"delivery.report.only.error", "nothing"},
     {"enable.idempotence", "nothing: producers are idempotent"}}};

Status set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char text[512];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) == RD_KAFKA_CONF_OK)
    return {};
  return fail(ErrorKind::invalid, "E6102", "{}", text);
}

std::vector<std::string> known_properties() {
  const Conf conf(rd_kafka_conf_new());
  std::size_t count = 0;
  const char** dump = rd_kafka_conf_dump(conf.get(), &count);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; i += 2) names.emplace_back(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
  return names;
}

Status set_property(rd_kafka_conf_t* conf, const Property& property) {
  const auto owned = std::ranges::find(kOwned, property.name, &Owned::name);
  if (owned != kOwned.end())
    return fail(ErrorKind::invalid, "E6102", "the property {} is managed by the engine: use {}",
                property.name, owned->instead);
  if (property.name.ends_with("_cb"))
    return fail(ErrorKind::invalid, "E6102", "the property {} is not a setting", property.name);
  const auto known = known_properties();
  // Those without a default are not in the dump; the library itself has the last word.
  if (std::ranges::find(known, property.name) == known.end()) {
    char text[256];
    const auto result =
        rd_kafka_conf_set(conf, property.name.c_str(), property.value.c_str(), text, sizeof text);
    if (result == RD_KAFKA_CONF_UNKNOWN)
      return fail(ErrorKind::invalid, "E6102", "librdkafka has no property {}{}", property.name,
                  config::did_you_mean(property.name, known));
  }
  auto ok = set(conf, property.name, property.value);
  if (!ok)
    ok.error().message = fmt::format("the property {}: {}", property.name, ok.error().message);
  return ok;
}

Status set_all(rd_kafka_conf_t* conf, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings)
    if (*setting.value != '\0')
      if (auto ok = set(conf, setting.name, setting.value); !ok) return ok;
  return {};
}

Status set_oidc(rd_kafka_conf_t* conf, const OidcOptions& oidc) {
  return set_all(conf, {{"sasl.oauthbearer.method", "oidc"},
                        {"sasl.oauthbearer.token.endpoint.url", oidc.token_url.c_str()},
                        {"sasl.oauthbearer.client.id", oidc.client_id.c_str()},
                        {"sasl.oauthbearer.client.secret", oidc.client_secret.c_str()},
                        {"sasl.oauthbearer.scope", oidc.scope.c_str()},
                        {"sasl.oauthbearer.extensions", oidc.extensions.c_str()}});
}

Status set_security(rd_kafka_conf_t* conf, const ClientOptions& client) {
  const char* protocol = client.sasl ? (client.tls ? "sasl_ssl" : "sasl_plaintext")
                                     : (client.tls ? "ssl" : "plaintext");
  if (auto ok = set(conf, "security.protocol", protocol); !ok) return ok;
  if (client.tls) {
    const auto& tls = *client.tls;
    const std::string ca = tls.ca.string(), certificate = tls.certificate.string(),
                      key = tls.key.string();
    if (auto ok = set_all(
            conf, {{"ssl.ca.location", ca.c_str()},
                   {"ssl.certificate.location", certificate.c_str()},
                   {"ssl.key.location", key.c_str()},
                   {"ssl.key.password", tls.key_password.c_str()},
                   {"ssl.endpoint.identification.algorithm", tls.verify_host ? "https" : "none"}});
        !ok)
      return ok;
  }
  if (!client.sasl) return {};
  std::string mechanism = client.sasl->mechanism;
  std::ranges::transform(mechanism, mechanism.begin(),
                         [](char c) { return static_cast<char>(std::toupper(c)); });
  if (auto ok = set_all(conf, {{"sasl.mechanisms", mechanism.c_str()},
                               {"sasl.username", client.sasl->username.c_str()},
                               {"sasl.password", client.sasl->password.c_str()}});
      !ok)
    return ok;
  return client.sasl->oidc ? set_oidc(conf, *client.sasl->oidc) : Status{};
}

// Above 64 bytes the library may crash against some brokers (confluentinc/librdkafka 2.5.0 notes).
std::string client_id(const std::string& name) {
  return ("pelton." + name).substr(0, 64);
}

// Where the brokers are and how they are spoken to, then the file's own properties.
Status set_client(rd_kafka_conf_t* conf, const ClientOptions& client) {
  const std::string brokers = fmt::format("{}", fmt::join(client.brokers, ","));
  if (auto ok = set(conf, "bootstrap.servers", brokers); !ok) return ok;
  if (auto ok = set_security(conf, client); !ok) return ok;
  for (const Property& property : client.properties)
    if (auto ok = set_property(conf, property); !ok) return ok;
  return {};
}

Status set_group(rd_kafka_conf_t* conf, const GroupOptions& group) {
  const std::string timeout = std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(group.session_timeout).count());
  const std::string id = client_id(group.group);
  return set_all(conf, {{"group.id", group.group.c_str()},
                        {"client.id", id.c_str()},
                        {"group.instance.id", group.instance.c_str()},
                        {"session.timeout.ms", timeout.c_str()},
                        {"statistics.interval.ms", holds_commits(group) ? "100" : ""},
                        {"partition.assignment.strategy", group.assignor.c_str()}});
}

Result<ConfPtr> producer_with(const ClientOptions& client, const std::string& topic,
                              const std::vector<Setting>& settings) {
  ConfPtr conf(rd_kafka_conf_new());
  for (const auto& part : {std::vector<Setting>{kProducer.begin(), kProducer.end()}, settings})
    if (auto ok = set_all(conf.get(), part); !ok) return std::unexpected(ok.error());
  if (auto ok = set(conf.get(), "client.id", client_id(topic)); !ok)
    return std::unexpected(ok.error());
  if (auto ok = set_client(conf.get(), client); !ok) return std::unexpected(ok.error());
  return conf;
}

}  // namespace

void ConfDeleter::operator()(rd_kafka_conf_s* conf) const {
  rd_kafka_conf_destroy(conf);
}

Result<ConfPtr> consumer_conf(const ClientOptions& client, const GroupOptions& group,
                              const FetchLimits& limits) {
  ConfPtr conf(rd_kafka_conf_new());
  const std::string waiting = std::to_string(limits.partition >> 10);
  const std::string answer = std::to_string(limits.answer);
  if (auto ok = set_all(conf.get(), {{"queued.max.messages.kbytes", waiting.c_str()},
                                     {"fetch.max.bytes", answer.c_str()}});
      !ok)
    return std::unexpected(ok.error());
  // A partition whose queue is full is looked at again soon. Earlier versions wait for a second.
  if (rd_kafka_version() >= kQueueBackoff)
    if (auto ok = set(conf.get(), "fetch.queue.backoff.ms", "50"); !ok)
      return std::unexpected(ok.error());
  if (auto ok = set_all(conf.get(), {kConsumer.begin(), kConsumer.end()}); !ok)
    return std::unexpected(ok.error());
  if (auto ok = set_group(conf.get(), group); !ok) return std::unexpected(ok.error());
  if (auto ok = set_client(conf.get(), client); !ok) return std::unexpected(ok.error());
  return conf;
}

Result<ConfPtr> producer_conf(const ClientOptions& client, const std::string& topic, bool strict) {
  // Records wait while brokers are away, for ever: the engine gives its functions no more work
  // then.
  auto conf = producer_with(client, topic, {{"message.timeout.ms", "0"}});
  // After the file's properties: what was promised does not depend on them.
  if (conf && strict)
    if (auto ok = set_all(conf->get(), {{"enable.gapless.guarantee", "true"},
                                        {"max.in.flight.requests.per.connection", "1"}});
        !ok)
      return std::unexpected(ok.error());
  return conf;
}

RequestShape fit_requests(rd_kafka_conf_s& conf, std::optional<std::uint64_t> most) {
  const auto value = [&conf](const char* name) {
    char text[64] = {};
    std::size_t size = sizeof text;
    rd_kafka_conf_get(&conf, name, text, &size);
    return std::string(text);
  };
  RequestShape shape{std::stoull(value("batch.size")), value("compression.codec") != "none"};
  if (most && *most < shape.batch_bytes) {
    shape.batch_bytes = std::max<std::uint64_t>(*most, 1);
    rd_kafka_conf_set(&conf, "batch.size", std::to_string(shape.batch_bytes).c_str(), nullptr, 0);
  }
  return shape;
}

Result<ConfPtr> transactional_conf(const ClientOptions& client, const std::string& topic,
                                   const std::string& id, std::chrono::milliseconds timeout) {
  // A record that has waited for longer than it may is written again in the next transaction. An
  // abort waits for such records.
  const std::string limit = std::to_string(timeout.count());
  const std::string writing = std::to_string(writing_time(timeout).count());
  return producer_with(client, topic,
                       {{"transactional.id", id.c_str()},
                        {"transaction.timeout.ms", limit.c_str()},
                        {"message.timeout.ms", writing.c_str()}});
}

Result<ConfPtr> reader_conf(const ClientOptions& client, const std::string& topic, Gone gone) {
  ConfPtr conf(rd_kafka_conf_new());
  if (auto ok = set(conf.get(), "client.id", client_id(topic)); !ok)
    return std::unexpected(ok.error());
  if (auto ok = set_client(conf.get(), client); !ok) return std::unexpected(ok.error());
  if (auto ok = set_all(conf.get(), {kReader.begin(), kReader.end()}); !ok)
    return std::unexpected(ok.error());
  if (auto ok = set(conf.get(), "auto.offset.reset", gone == Gone::skip ? "earliest" : "error");
      !ok)
    return std::unexpected(ok.error());
  return conf;
}

std::vector<config::Diagnostic> check_client(const ClientOptions& client) {
  std::vector<config::Diagnostic> problems;
  const Conf conf(rd_kafka_conf_new());
  if (auto ok = set_security(conf.get(), client); !ok)
    problems.push_back({client.place, ok.error().code, ok.error().message});
  for (const Property& property : client.properties)
    if (auto ok = set_property(conf.get(), property); !ok)
      problems.push_back({property.place, ok.error().code, ok.error().message});
  return problems;
}

std::string library_version() {
  return rd_kafka_version_str();
}

bool holds_commits(const GroupOptions& group) {
  constexpr int kMended = 0x02'0a'00'00;
  return group.assignor == "cooperative-sticky" && rd_kafka_version() < kMended;
}

// Before 2.6.1 the library answers with a nonce that RFC 5802 forbids; brokers of Kafka 3.8 and 3.9
// let it pass (confluentinc/librdkafka#4895).
std::string login_advice(const ClientOptions& client) {
  constexpr int kMended = 0x02'06'01'00;
  if (!client.sasl || !client.sasl->mechanism.starts_with("scram") || rd_kafka_version() >= kMended)
    return {};
  return fmt::format(
      "; brokers of Kafka 4.0 and later refuse the SCRAM of this librdkafka ({}) whatever the "
      "password is: build the engine with the librdkafka of tools/librdkafka",
      rd_kafka_version_str());
}

}  // namespace pelton::kafka
