// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/codec.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace pelton::schema {
namespace {

std::string checked(const std::string& schema, std::string_view json,
                    std::vector<Source::Reference> references = {}) {
  const auto codec = compile({Format::json_schema, schema, std::move(references)}, "");
  if (!codec) return codec.error().text();
  std::string out;
  const auto ok = (*codec)->encode(json, out);
  return ok ? "fits" : ok.error().text();
}

const std::string kAt = "E6165: the output does not fit its JSON Schema at ";

TEST(JsonSchema, WhatDoesNotFitIsNamedWithItsPath) {
  const std::string schema = R"({"type":"object","required":["id"],"additionalProperties":false,
    "properties":{"id":{"type":"integer","minimum":1},
                  "tags":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"}}}})";
  EXPECT_EQ(checked(schema, R"({"id":1,"tags":["a"]})"), "fits");
  EXPECT_EQ(checked(schema, R"({"id":0})"), kAt + "$.id: 0 is less than 1");
  EXPECT_EQ(checked(schema, R"({"id":"1"})"), kAt + "$.id: \"1\" is not of type \"integer\"");
  EXPECT_EQ(checked(schema, R"({"id":1,"tags":["a","B"]})"),
            kAt + "$.tags[1]: \"B\" does not match the pattern ^[a-z]+$");
  EXPECT_EQ(checked(schema, R"({"id":1,"x":1})"), kAt + "$.x: the schema has no such property");
  EXPECT_EQ(checked(schema, "{}"), kAt + "$: \"id\" is missing");
  EXPECT_TRUE(checked(schema, "{").starts_with("E6165: the output is not JSON"));
}

TEST(JsonSchema, RefersToOtherSchemas) {
  const std::string schema = R"({"properties":{"a":{"$ref":"money.json#/definitions/amount"},
    "b":{"$ref":"https://example.com/money.json#/definitions/amount"}}})";
  const Source::Reference money{"money.json", R"({"definitions":{"amount":{"type":"number"}}})"};
  EXPECT_EQ(checked(schema, R"({"a":1,"b":2})", {money}), "fits");
  EXPECT_EQ(checked(schema, R"({"b":"x"})", {money}), kAt + "$.b: \"x\" is not of type \"number\"");
  EXPECT_EQ(checked(schema, "{}"),
            "E6162: not a valid JSON Schema: `$ref` leads to \"money.json\", which is not among "
            "its references");
}

TEST(JsonSchema, SchemasThatGoInCirclesEnd) {
  EXPECT_NE(checked(R"({"$ref":"#"})", "1").find("too deep"), std::string::npos);
  EXPECT_NE(checked(R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", "1").find("E6165"),
            std::string::npos);
  const std::string tree = R"({"type":"object","properties":{"n":{"$ref":"#"}}})";
  EXPECT_EQ(checked(tree, R"({"n":{"n":{}}})"), "fits");
  EXPECT_EQ(checked(tree, R"({"n":{"n":1}})"), kAt + "$.n.n: 1 is not of type \"object\"");
}

TEST(JsonSchema, LongTextsAndPatternsDoNoHarm) {
  // Engines that backtrack or recurse per character overflow here.
  const std::string text = '"' + std::string(2'000'000, 'a') + '"';
  EXPECT_EQ(checked(R"({"pattern":"^(a|a)*$"})", text), "fits");
  EXPECT_NE(checked(R"({"pattern":"(a+)+b"})", text), "fits");
  EXPECT_EQ(checked(R"({"format":"date-time"})", text), "fits");
}

TEST(JsonSchema, SchemasThatAreNoneAreRefused) {
  EXPECT_TRUE(checked("{", "1").starts_with("E6162: not a valid JSON Schema: it is not JSON"));
  EXPECT_TRUE(checked("7", "1").starts_with("E6162: not a valid JSON Schema: a schema is neither"));
  EXPECT_TRUE(
      checked(R"x({"pattern":"(?=a)"})x", "1")
          .starts_with("E6162: not a valid JSON Schema: the pattern \"(?=a)\" is not supported"));
  EXPECT_EQ(
      checked(R"({"$ref":"#/definitions/a"})", "1"),
      "E6162: not a valid JSON Schema: `$ref` leads to \"#/definitions/a\", which is not there");
}

TEST(JsonSchema, RecordsAreJsonAlready) {
  const auto codec = compile({Format::json_schema, R"({"title":"Order"})"}, "");
  ASSERT_TRUE(codec);
  std::string json;
  EXPECT_TRUE((*codec)->decode(R"({"a": 1})", json));
  EXPECT_EQ(json, R"({"a": 1})");
  EXPECT_EQ((*codec)->name(""), "Order");
  for (const std::string& bad : {std::string("{"), std::string(100'000, '[')}) {
    const auto ok = (*codec)->decode(bad, json);
    ASSERT_FALSE(ok);
    EXPECT_EQ(ok.error().code, "E6163");
  }
}

// Cases of the JSON Schema Test Suite, where Debian's package has them.
TEST(JsonSchema, AgreesWithTheTestSuite) {
  // What the specification leaves to whoever validates, or is documented as not supported.
  const std::set<std::string> skipped{
      "refRemote.json", "ref.json",        "definitions.json",   "id.json",
      "anchor.json",    "dynamicRef.json", "unknownKeyword.json"};
  const std::filesystem::path folder = "/usr/share/json-schema-test-suite/tests/draft7";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "json-schema-test-suite is not installed";
  std::size_t cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json" || skipped.contains(file.path().filename())) continue;
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const auto groups = boost::json::parse(text.str());
    for (const auto& group : groups.as_array())
      for (const auto& one : group.at("tests").as_array()) {
        const std::string answer = checked(boost::json::serialize(group.at("schema")),
                                           boost::json::serialize(one.at("data")));
        EXPECT_EQ(answer == "fits", one.at("valid").as_bool())
            << file.path().filename() << ": " << group.at("description") << ": "
            << one.at("description") << ": " << answer;
        ++cases;
      }
  }
  EXPECT_GT(cases, 350U);
}

}  // namespace
}  // namespace pelton::schema
