// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/client_config.h"

#include "engine/kafka/client/handles.h"

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
  EXPECT_NE(problem_of({"rebalance_cb", "x", {4, 7}}).find("no setting"), std::string::npos);
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

TEST(ConsumerConf, IsWhole) {
  GroupOptions group;
  group.group = std::string(200, 'g');
  group.assignor = "cooperative-sticky";
  group.session_timeout = std::chrono::seconds(45);
  auto with = client({{"fetch.min.bytes", "1000", {}}});
  with.tls = net::Tls{};
  with.sasl = SaslOptions{"scram-sha-512", "me", "secret", {}, {}};
  EXPECT_TRUE(consumer_conf(with, group, 1 << 20));
}

}  // namespace
}  // namespace pelton::kafka
