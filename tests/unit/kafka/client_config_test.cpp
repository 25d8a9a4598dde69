// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/client_config.h"

#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/token_refresh.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

ClientOptions client(std::vector<Property> properties) {
  ClientOptions made;
  made.place = {3, 5};
  made.brokers = {"localhost:9092"};
  made.properties = std::move(properties);
  return made;
}

std::string problem_of(const Property& property) {
  const auto problems = check_client(client({property}));
  if (problems.size() != 1) return "problems: " + std::to_string(problems.size());
  EXPECT_EQ(problems[0].place.line, property.place.line);
  EXPECT_EQ(problems[0].code, "E6102");
  return problems[0].message;
}

TEST(ClientProperties, GoodOnesAreTaken) {
  EXPECT_TRUE(check_client(client({{"fetch.min.bytes", "1000", {4, 7}},
                                   {"client.rack", "a", {5, 7}},
                                   {"socket.timeout.ms", "5000", {6, 7}}}))
                  .empty());
}

TEST(ClientProperties, UnknownOnesNameTheNearest) {
  EXPECT_NE(problem_of({"fetch.min.byte", "1", {4, 7}}).find("fetch.min.bytes"), std::string::npos);
}

TEST(ClientProperties, OnesOfTheEngineNameTheOption) {
  EXPECT_NE(problem_of({"group.id", "x", {4, 7}}).find("`group`"), std::string::npos);
  EXPECT_NE(problem_of({"enable.auto.commit", "true", {4, 7}}).find("settled"), std::string::npos);
  EXPECT_NE(problem_of({"sasl.password", "x", {4, 7}}).find("`sasl.password`"), std::string::npos);
  EXPECT_NE(problem_of({"statistics.interval.ms", "9", {4, 7}}).find("status"), std::string::npos);
  EXPECT_NE(problem_of({"rebalance_cb", "x", {4, 7}}).find("rebalance_cb"), std::string::npos);
}

TEST(ClientProperties, ValuesAreChecked) {
  EXPECT_NE(problem_of({"fetch.min.bytes", "many", {4, 7}}).find("fetch.min.bytes"),
            std::string::npos);
}

// Commits of cooperative members wait for the client's word, which only the statistics bring.
TEST(ConsumerConf, HoldsCommitsOfCooperativeMembersOnly) {
  GroupOptions group;
  group.assignor = "range";
  EXPECT_FALSE(holds_commits(group));
  group.assignor = "cooperative-sticky";
  EXPECT_EQ(holds_commits(group), rd_kafka_version() < 0x02'0a'00'00);
}

TEST(LoginAdvice, SaysThatScramIsRefusedWhateverThePasswordIs) {
  auto with = client({});
  EXPECT_EQ(login_advice(with), "");
  with.sasl = SaslOptions{"plain", "me", "secret", {}, {}};
  EXPECT_EQ(login_advice(with), "");
  with.sasl->mechanism = "scram-sha-256";
  const std::string said = login_advice(with);
  EXPECT_EQ(said.find("SCRAM") != std::string::npos, rd_kafka_version() < 0x02'06'01'00) << said;
  EXPECT_EQ(said.find("secret"), std::string::npos);
}

ClientOptions with_oidc() {
  auto with = client({});
  with.tls = net::Tls{};
  with.sasl = SaslOptions{"oauthbearer", "", "", {}, OidcOptions{}};
  with.sasl->oidc->token_url = "https://login.example.com/token";
  with.sasl->oidc->client_id = "pelton";
  with.sasl->oidc->client_secret = "swordfish";
  with.sasl->oidc->scope = "kafka";
  with.sasl->oidc->extensions = "logicalCluster=lkc-1";
  return with;
}

std::string value_of(const rd_kafka_conf_t* conf, const char* name) {
  char text[256];
  std::size_t size = sizeof text;
  return rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK ? text : "";
}

TEST(Oidc, TheLibraryIsToldWhereTokensComeFrom) {
  if (rd_kafka_version() < 0x02'0a'00'00) GTEST_SKIP() << "this library fetches no tokens";
  const auto conf = consumer_conf(with_oidc(), {}, {1 << 20, 1 << 20});
  ASSERT_TRUE(conf) << conf.error().text();
  const std::vector<std::pair<const char*, std::string>> expected{
      {"security.protocol", "sasl_ssl"},
      {"sasl.mechanisms", "OAUTHBEARER"},
      {"sasl.oauthbearer.method", "oidc"},
      {"sasl.oauthbearer.token.endpoint.url", "https://login.example.com/token"},
      {"sasl.oauthbearer.client.id", "pelton"},
      {"sasl.oauthbearer.client.secret", "swordfish"},
      {"sasl.oauthbearer.scope", "kafka"},
      {"sasl.oauthbearer.extensions", "logicalCluster=lkc-1"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(value_of(conf->get(), name), value) << name;
}

TEST(Oidc, ALibraryThatCannotFetchTokensIsNamed) {
  if (rd_kafka_version() >= 0x02'0a'00'00) GTEST_SKIP() << "this library can";
  const auto conf = consumer_conf(with_oidc(), {}, {1 << 20, 1 << 20});
  ASSERT_FALSE(conf);
  EXPECT_EQ(conf.error().code, "E6102");
}

TEST(Oidc, ItsPropertiesAreOptionsOfTheEngine) {
  EXPECT_NE(problem_of({"sasl.oauthbearer.method", "oidc", {4, 7}}).find("`sasl.oidc`"),
            std::string::npos);
  const auto said = problem_of({"sasl.oauthbearer.client.secret", "swordfish", {4, 7}});
  EXPECT_NE(said.find("`sasl.oidc.client_secret`"), std::string::npos);
  EXPECT_EQ(said.find("swordfish"), std::string::npos);
}

// Served by us, the library's own token events would never be answered.
TEST(Oidc, TokensAreOursToGiveOnlyFromAFile) {
  EXPECT_FALSE(gives_tokens(client({})));
  auto with = with_oidc();
  EXPECT_FALSE(gives_tokens(with));
  with.sasl->oidc.reset();
  with.sasl->token_file = "/run/token";
  EXPECT_TRUE(gives_tokens(with));
}

TEST(ConsumerConf, IsWhole) {
  GroupOptions group;
  group.group = std::string(200, 'g');
  group.assignor = "cooperative-sticky";
  group.session_timeout = std::chrono::seconds(45);
  auto with = client({{"fetch.min.bytes", "1000", {}}});
  with.tls = net::Tls{};
  with.sasl = SaslOptions{"scram-sha-512", "me", "secret", {}, {}};
  EXPECT_TRUE(consumer_conf(with, group, {1 << 20, 1 << 20}));
}

}  // namespace
}  // namespace pelton::kafka
