// SPDX-License-Identifier: Apache-2.0
// What config files say of topics, and what other parts of a config learn of it.
#include "engine/kafka/options.h"

#include "engine/config/load.h"

#include <gmock/gmock.h>

namespace pelton::kafka {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

config::Loaded load(const std::string& stream, const std::string& binding = "") {
  config::Kinds kinds;
  kinds.topic = topic_kind();
  return config::load_text("version: 1\nstreams:\n  t: { kafka: { " + stream +
                               " } }\nbindings:\n  b: { from: t, function: f" + binding + " }\n",
                           "/config/pelton.yaml", kinds,
                           [](const std::string&) { return std::nullopt; });
}

// "CODE message" of each, but for the function, which is not there.
std::vector<std::string> problems(const std::string& stream, const std::string& binding = "") {
  std::vector<std::string> all;
  for (const config::Diagnostic& problem : load(stream, binding).problems)
    if (problem.code != "E1012") all.push_back(problem.code + " " + problem.message);
  return all;
}

TEST(TopicOptions, AGoodTopicHasNoProblem) {
  EXPECT_THAT(problems("brokers: [\"a:9092\", \"[::1]:1\"], topic: orders, tls: {}, properties: "
                       "{ fetch.min.bytes: 1 }",
                       ", group: g, kafka: { drain: 1s }, dead_letters: { topic: dead }"),
              ElementsAre());
}

TEST(TopicOptions, SchemaRegistriesAreChecked) {
  const auto with = [](const std::string& options) {
    return problems("brokers: \"a:1\", topic: t, schema_registry: { " + options + " }");
  };
  const std::string url = "url: [\"http://a:8081/\"]";
  EXPECT_THAT(with(url), ElementsAre());
  EXPECT_THAT(with(url + ", username: me"),
              ElementsAre("E1006 stream t: `username` and `password` must be set together"));
  EXPECT_THAT(with("decode: \"off\""), ElementsAre(HasSubstr("\"url\" is missing")));
  EXPECT_THAT(with("url: [\"a:8081\"]"),
              ElementsAre("E1008 stream t: \"a:8081\" is not the URL of a schema registry, such as "
                          "http://localhost:8081"));
  EXPECT_THAT(with("url: [\"http://me:x@a\"]"), Contains(HasSubstr("contains a user")));
  for (const char* bad : {"http://", "http:///x", "http://a:99999", "http://a:0", "http://a:b",
                          "http://[::1", "http://a:", "http://a/?b"})
    EXPECT_THAT(with(fmt::format("url: [\"{}\"]", bad)),
                Contains(HasSubstr(fmt::format("\"{}\" is not the URL", bad))));
  for (const char* good : {"http://a", "https://a:1/b/", "http://[::1]:80", "http://[::1]"})
    EXPECT_THAT(with(fmt::format("url: [\"{}\"]", good)), ElementsAre());
  EXPECT_THAT(with("url: [\"http://a\"], username: \"a:b\", password: x"),
              Contains(HasSubstr("`username` has a colon")));
  EXPECT_THAT(with("url: []"), Contains(HasSubstr("has no URL")));
  EXPECT_THAT(with(url + ", encode: {}"), ElementsAre());
  EXPECT_THAT(with(url + ", encode: { id: 0 }"), ElementsAre(HasSubstr("id")));
  EXPECT_THAT(with(url + ", encode: { id: 2147483648 }"), ElementsAre(HasSubstr("id")));
  EXPECT_THAT(with(url + ", key: { encode: { register: true } }"),
              ElementsAre("E1006 stream t: `register` needs a `file`"));
  EXPECT_THAT(with(url + ", key: { decode: xml }"), ElementsAre(HasSubstr("E1010")));
  EXPECT_THAT(with(url + ", encode: { id: 1, file: /dev/null }"),
              Contains(HasSubstr("the file /dev/null does not exist")));
  EXPECT_THAT(with(url + ", encode: { register: true }"),
              ElementsAre("E1006 stream t: `register` needs a `file`"));
  EXPECT_THAT(with(url + ", encode: { format: avro }"),
              ElementsAre("E1006 stream t: `format` is that of a `file`"));
  EXPECT_THAT(
      with(url + ", encode: { subject: record }"),
      ElementsAre("E1006 stream t: the subject contains the name of a record: set `record`"));
  EXPECT_THAT(with(url + ", encode: { file: /etc/hostname }"),
              ElementsAre(HasSubstr("does not say what schema it is: set `format`")));
  EXPECT_THAT(problems("brokers: \"a:1\", topic: t, content_mode: structured, schema_registry: { " +
                       url + ", encode: {} }"),
              ElementsAre("E1006 stream t: `schema_registry.encode` needs `content_mode: binary`"));
}

TEST(TopicOptions, ASchemaRegistryIsPartOfTheTopic) {
  config::Kinds kinds;
  kinds.topic = topic_kind();
  const auto loaded = config::load_text(
      "version: 1\nstreams:\n  t: { kafka: { brokers: \"a:1\", topic: t, schema_registry: { url: "
      "[\"http://a/\", \"https://b\"], tls: {}, decode: protobuf, plain: pass, encode: { id: 7, "
      "refresh: 5s }, key: { decode: avro, plain: pass, encode: { subject: record, record: K } } } "
      "} "
      "}\n",
      "/config/pelton.yaml", kinds, [](const std::string&) { return std::nullopt; });
  ASSERT_TRUE(loaded.config) << loaded.problems.front().message;
  const auto& schemas = topic_of(loaded.config->streams.at(0)).schemas;
  ASSERT_TRUE(schemas);
  EXPECT_THAT(schemas->registry.urls, ElementsAre("http://a", "https://b"));
  EXPECT_TRUE(schemas->registry.tls);
  EXPECT_EQ(schemas->value.decode, schema::Decode::protobuf);
  EXPECT_EQ(schemas->value.plain, schema::Plain::pass);
  ASSERT_TRUE(schemas->value.encode);
  EXPECT_EQ(schemas->value.encode->id, 7U);
  ASSERT_TRUE(schemas->key && schemas->key->encode);
  EXPECT_EQ(schemas->key->decode, schema::Decode::avro);
  EXPECT_EQ(schemas->key->plain, schema::Plain::pass);
  EXPECT_EQ(schemas->key->encode->record, "K");
}

TEST(TopicOptions, NamesOfTopicsAreChecked) {
  EXPECT_THAT(problems("brokers: \"a:1\", topic: \"a b\""),
              ElementsAre("E1008 stream t: \"a b\" is not a valid topic name: use letters, digits, "
                          "`.`, `_` and `-`, at most 249 characters"));
  EXPECT_THAT(problems("brokers: \"a:1\", topic: a", ", dead_letters: { topic: \"a/b\" }"),
              ElementsAre("E1008 binding b: \"a/b\" is not a valid topic name: use letters, "
                          "digits, `.`, `_` and `-`, at most 249 characters"));
}

TEST(TopicOptions, TokensComeFromOnePlace) {
  const auto with = [](const std::string& source) {
    return problems("brokers: \"a:1\", topic: t, sasl: { mechanism: oauthbearer" + source + " }");
  };
  const std::string oidc =
      ", oidc: { token_url: \"https://a/t\", client_id: me, client_secret: x }";
  const std::string needs = "E1006 stream t: sasl oauthbearer needs either `token_file` or `oidc`";
  EXPECT_THAT(with(""), ElementsAre(needs));
  EXPECT_THAT(with(oidc + ", token_file: token"), Contains(needs));
  EXPECT_THAT(with(oidc), Not(Contains(needs)));
  EXPECT_THAT(with(", oidc: { token_url: \"https://a/t\", client_id: me }"),
              Contains(HasSubstr("client_secret")));
}

TEST(TopicOptions, BrokersAreHostAndPort) {
  for (const char* broker : {"a", "a:", ":1", "a:0", "a:65536", "a b:1", "::1:9092", "a:1x"})
    EXPECT_THAT(problems(std::string("brokers: \"") + broker + "\", topic: t"),
                ElementsAre(std::string("E1008 stream t: \"") + broker +
                            "\" is not the host:port of a broker"));
}

TEST(TopicOptions, ContradictionsAreProblemsOfTheirPart) {
  EXPECT_THAT(problems("brokers: \"a:1\", topic: t, sasl: { mechanism: plain }"),
              ElementsAre("E1006 stream t: sasl plain needs `username` and `password`"));
  EXPECT_THAT(problems("brokers: \"a:1\", topic: t, tls: { certificate: /bin/true }"),
              ElementsAre("E1023 stream t: `tls.certificate` and `tls.key` must be set together"));
  EXPECT_THAT(problems("brokers: \"a:1\", topic: t, properties: { group.id: x }"),
              ElementsAre("E6102 the property group.id is managed by the engine: use `group`"));
}

TEST(TopicOptions, TheConfigKnowsWhatOtherPartsDependOn) {
  config::Kinds kinds;
  kinds.topic = topic_kind();
  const auto loaded = config::load_text(
      "version: 1\nstreams: { t: { kafka: { brokers: [\"a:1\", \"b:2\"], topic: orders, "
      "properties: "
      "{ isolation.level: read_uncommitted } } } }\n",
      "/config/pelton.yaml", kinds, [](const std::string&) { return std::nullopt; });
  ASSERT_TRUE(loaded.config);
  const config::Stream& stream = loaded.config->streams.at(0);
  ASSERT_TRUE(stream.kafka);
  EXPECT_EQ(stream.kafka->name, "orders");
  EXPECT_THAT(stream.kafka->brokers, ElementsAre("a:1", "b:2"));
  EXPECT_TRUE(stream.kafka->reads_uncommitted);
  EXPECT_EQ(topic_of(stream).topic, "orders");
}

TEST(GroupOptions, ABindingThatSaysNothingHasADefaultGroup) {
  const config::Binding binding = config::default_binding("bill");
  EXPECT_EQ(group_of(binding).group, "pelton.bill");
  EXPECT_EQ(group_of(binding).assignor, "range");
}

}  // namespace
}  // namespace pelton::kafka
