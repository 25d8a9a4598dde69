// SPDX-License-Identifier: Apache-2.0
#include "engine/config/describe.h"
#include "engine/config/load.h"
#include "engine/config/schema.h"
#include "engine/config/specs.h"

#include <gtest/gtest.h>

#include <random>

namespace pelton::config {
namespace {

constexpr const char* kWhole = R"(version: 1
engine: { data: ./state, http: { listen: "127.0.0.1:0" }, log: { level: warn } }
streams:
  in: { partitions: 4, retention: { time: 7d, size: 10GiB } }
  out: {}
functions:
  f:
    runtime: cpp
    code: /bin/true
    timeout: 1.5s
    environment: { A: "${env:HOME_OF_A}", B: "$${plain}" }
    scale: { min: 1, max: 3, idle: 5s }
bindings:
  b:
    from: in
    function: f
    to: out
    order: partition
    start: 2026-01-01T00:00:00Z
    filter: { type: [x, y], data.n: { above: 3, at_most: 9 }, key: { prefix: k } }
    retry: { attempts: 7, backoff: { first: 1s, factor: 3, max: 1m, jitter: 0 }, max_age: 6h }
    idempotency: { key: [data.id, headers.tenant] }
)";

Loaded load(const std::string& text) {
  return load_text(text, "/etc/pelton/pelton.yaml", {},
                   [](const std::string& name) -> std::optional<std::string> {
                     if (name == "HOME_OF_A") return "a";
                     return std::nullopt;
                   });
}

TEST(Config, IsTypedWithDefaults) {
  const auto loaded = load(kWhole);
  ASSERT_TRUE(loaded.config) << loaded.problems.front().text("x");
  const Config& c = *loaded.config;
  EXPECT_EQ(c.engine.data, "/etc/pelton/state");
  EXPECT_EQ(c.engine.http->host, "127.0.0.1");
  EXPECT_EQ(c.engine.log_level, LogLevel::warn);
  EXPECT_EQ(c.engine.shutdown_timeout, std::chrono::seconds(30));
  EXPECT_EQ(c.find_stream("in")->partitions, 4U);
  EXPECT_EQ(*c.find_stream("in")->retention.size_bytes, 10ULL << 30);
  EXPECT_EQ(c.find_stream("out")->partitions, 1U);
  const Function& f = *c.find_function("f");
  EXPECT_EQ(f.timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(f.environment.at("A"), "a");
  EXPECT_EQ(f.environment.at("B"), "${plain}");
  EXPECT_EQ(f.scale.max, 3U);
  const Binding& b = c.bindings.front();
  EXPECT_EQ(b.order, Order::partition);
  EXPECT_EQ(b.start.kind, Start::Kind::time);
  EXPECT_EQ(b.retry.attempts, 7U);
  EXPECT_EQ(*b.retry.max_age, std::chrono::hours(6));
  EXPECT_EQ(b.window, 10'000U);
  ASSERT_EQ(b.filter.size(), 3U);
  EXPECT_EQ(b.filter[0].any_of.size(), 2U);
  EXPECT_EQ(*b.filter[1].any_of.front().at_most, 9);
  EXPECT_EQ(b.idempotency->key[1].header, "tenant");
  EXPECT_EQ(b.idempotency->ttl, std::chrono::hours(24));
}

TEST(Config, AliasesAreCopies) {
  const auto loaded = load("version: 1\nstreams:\n  a: &p { partitions: 3 }\n  b: *p\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->find_stream("b")->partitions, 3U);
}

TEST(Config, AllProblemsComeAtOnceInOrder) {
  const auto loaded =
      load("version: 1\nx: 1\nstreams: { a: { y: 1, partitions: 0 } }\nbindings: { b: {} }\n");
  EXPECT_FALSE(loaded.config);
  ASSERT_GE(loaded.problems.size(), 5U);
  for (std::size_t i = 1; i < loaded.problems.size(); ++i)
    EXPECT_LE(loaded.problems[i - 1].place.line, loaded.problems[i].place.line);
}

TEST(Config, SecretsAreNotInMessages) {
  const auto loaded = load("version: 1\nstreams: { a: { partitions: \"${env:HOME_OF_A}\" } }\n");
  ASSERT_FALSE(loaded.config);
}

// Defaults are parsed without a check when a file is read.
TEST(Specs, DefaultsAndBoundsParse) {
  std::function<void(const SectionSpec&)> check = [&](const SectionSpec& section) {
    for (const OptionSpec& option : section.options) {
      for (const std::string& text : {option.fallback, option.at_least, option.at_most}) {
        if (text.empty() || option.type == OptionType::filter) continue;
        EXPECT_TRUE(parse_value(option, text, false, "/"))
            << section.name << "." << option.name << " = " << text;
      }
      EXPECT_FALSE(option.sentence.empty()) << option.name;
    }
    for (const SectionSpec& child : section.sections) check(child);
  };
  for (const TopLevel& top : top_levels()) check(*top.spec);
}

TEST(Describe, NamesEveryOption) {
  const auto text = describe("binding", {});
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("retry.backoff.first"), std::string::npos);
  EXPECT_NE(text->find("default 5"), std::string::npos);
  EXPECT_FALSE(describe("bindign", {}));
  EXPECT_EQ(nearest("bindign", describe_topics({})), "binding");
}

TEST(Schema, HasEverySection) {
  const std::string schema = json_schema({});
  for (const char* key : {"\"engine\"", "\"bindings\"", "\"retention\"", "draft-07",
                          "\"additionalProperties\":false"})
    EXPECT_NE(schema.find(key), std::string::npos) << key;
}

TEST(Config, MutationsEndInAConfigOrProblems) {
  const std::string whole = kWhole;
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    for (int i = 0; i < 4; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
        default:
          text.insert(at, 1, "{}[]:,&*-\"'\n #"[random() % 14]);
      }
      if (text.empty()) text = "x";
    }
    const auto loaded = load(text);
    EXPECT_TRUE(loaded.config || !loaded.problems.empty());
  }
}

}  // namespace
}  // namespace pelton::config
