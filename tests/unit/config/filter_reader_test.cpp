// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/filter.h"
#include "engine/config/parts/filter_spec.h"
#include "tests/unit/config/fixture.h"

namespace pelton::config {
namespace {

class FilterReader : public ::testing::Test {
 protected:
  std::vector<FilterRule> rules(const std::string& text) {
    const Environment environment = [](const std::string& name) -> std::optional<std::string> {
      if (name == "LIMIT") return "80";
      return std::nullopt;
    };
    Diagnostics problems;
    ReadContext context{problems, {"/"}, environment};
    const Node node = parse_yaml(text, problems);
    auto out = read_filter(node, context);
    errors_ = problems.sorted().size();
    return out;
  }
  Matcher matcher(const std::string& text) {
    const auto all = rules(text);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() || all[0].any_of.empty() ? Matcher{} : all[0].any_of[0];
  }
  std::size_t errors_ = 0;
};

TEST_F(FilterReader, EveryFieldIsKnown) {
  for (const EventField& field : event_fields()) {
    const auto all = rules("\"" + field.name + "\": x");
    ASSERT_EQ(all.size(), 1U) << field.name;
    EXPECT_EQ(all[0].field.kind, field.kind) << field.name;
    EXPECT_EQ(errors_, 0U);
  }
}

TEST_F(FilterReader, PathsAndHeadersAreSplit) {
  EXPECT_EQ(rules("data.a.b: 1")[0].field.path, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(rules("data: x")[0].field.path.empty());
  EXPECT_EQ(rules("headers.x.y: 1")[0].field.header, "x.y");
}

TEST_F(FilterReader, ABareValueEquals) {
  const Matcher number = matcher("data.n: 5");
  EXPECT_EQ(number.kind, Matcher::Kind::equals);
  EXPECT_EQ(number.number, 5.0);
  EXPECT_EQ(matcher("data.n: \"5\"").number, std::nullopt);
  EXPECT_EQ(matcher("data.n: true").flag, true);
  EXPECT_EQ(matcher("data.n: \"true\"").flag, std::nullopt);
  EXPECT_TRUE(matcher("data.n: ~").null);
  EXPECT_EQ(matcher("data.n: nan").number, std::nullopt);
}

TEST_F(FilterReader, AnyOfAListWillDo) {
  const auto all = rules("type: [a, { suffix: b }, { at_least: 1, below: 2 }]");
  ASSERT_EQ(all[0].any_of.size(), 3U);
  EXPECT_EQ(all[0].any_of[1].kind, Matcher::Kind::suffix);
  EXPECT_EQ(all[0].any_of[2].at_least, 1.0);
  EXPECT_EQ(all[0].any_of[2].below, 2.0);
  EXPECT_EQ(rules("type: { equals: [a, b] }")[0].any_of.size(), 2U);
}

TEST_F(FilterReader, BoundsOfOneFieldAreOneRange) {
  const Matcher range = matcher("data.n: { above: 1, at_most: 1.5 }");
  EXPECT_EQ(range.kind, Matcher::Kind::range);
  EXPECT_EQ(range.above, 1.0);
  EXPECT_EQ(range.at_most, 1.5);
}

TEST_F(FilterReader, ValuesAreExpanded) {
  EXPECT_EQ(matcher("data.n: { above: \"${env:LIMIT}\" }").above, 80.0);
  EXPECT_EQ(matcher("key: { prefix: \"${env:LIMIT}-\" }").text, "80-");
  rules("key: \"${env:NONE}\"");
  EXPECT_EQ(errors_, 1U);
}

TEST_F(FilterReader, EveryConditionTakesItsExample) {
  for (const FilterCondition& condition : filter_conditions()) {
    EXPECT_EQ(matcher("key: { " + condition.name + ": \"" + condition.example + "\" }").kind,
              condition.kind)
        << condition.name;
    // Quoted, `true` is no boolean.
    EXPECT_EQ(errors_, condition.kind == Matcher::Kind::exists ? 1U : 0U) << condition.name;
  }
}

TEST_F(FilterReader, WhatCouldNeverHoldIsAProblem) {
  for (const char* text :
       {"type: []", "type: {}", "data.n: { above: 2, below: 2 }",
        "data.n: { at_least: 3, at_most: 2 }", "data.n: { at_least: 2, below: 2 }",
        "data.n: { above: 2, at_most: 2 }", "[type]", "type", "nonsense: 1", "type: { like: x }",
        "type: { above: x }", "type: { exists: 1 }", "type: [[a]]",
        "type: { prefix: a, glob: b }"}) {
    rules(text);
    EXPECT_GE(errors_, 1U) << text;
  }
}

}  // namespace
}  // namespace pelton::config
