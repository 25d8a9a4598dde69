// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/codec.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
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

TEST(JsonSchema, ReferencesAreRelativeToTheIdOfWhatTheyAreIn) {
  const Source::Reference address{"http://example.com/address.json",
                                  R"({"$id":"http://example.com/address.json","properties":{"city":
                                  {"$ref":"parts/text.json#/definitions/short"}}})"};
  const Source::Reference parts{"http://example.com/parts/text.json",
                                R"({"definitions":{"short":{"type":"string","maxLength":3}}})"};
  const std::string schema = R"({"$id":"http://example.com/a/customer.json",
    "properties":{"a":{"$ref":"../address.json"},"b":{"$ref":"/address.json"}}})";
  EXPECT_EQ(checked(schema, R"({"a":{"city":"Ulm"},"b":{"city":"Ulm"}})", {address, parts}),
            "fits");
  EXPECT_EQ(checked(schema, R"({"b":{"city":"Rome"}})", {address, parts}),
            kAt + "$.b.city: the text has more than 3 characters");
}

TEST(JsonSchema, AnchorsAndIdsOfPartsAreNames) {
  for (
      const char* schema :
      {R"x({"$ref":"#n","definitions":{"a":{"$id":"#n","type":"number"}}})x",
       R"x({"$ref":"#n","$defs":{"a":{"$anchor":"n","type":"number"}}})x",
       R"x({"$id":"http://x/a.json","$ref":"b.json","$defs":{"a":{"$id":"b.json","type":"number"}}})x",
       R"x({"$schema":"http://json-schema.org/draft-04/schema#","id":"http://x/a.json","$ref":"b.json",
             "definitions":{"a":{"id":"b.json","type":"number"}}})x",
       R"x({"definitions":{"n":{"type":"number"},"a":{"$id":"/parts/a","$ref":"#/definitions/n"}},
             "$ref":"#/definitions/a"})x"}) {
    EXPECT_EQ(checked(schema, "1"), "fits") << schema;
    EXPECT_EQ(checked(schema, "\"x\""), kAt + "$: \"x\" is not of type \"number\"") << schema;
  }
}

// They lead to places under keywords that nobody knows, and from there to others.
TEST(JsonSchema, ReferencesLeadAnywhere) {
  EXPECT_EQ(checked(R"({"$ref":"#/x/y","x":{"y":{"$ref":"#/x/z"},"z":{"pattern":"^a"}}})", "\"b\""),
            kAt + "$: \"b\" does not match the pattern ^a");
  EXPECT_EQ(checked(R"({"$ref":"#/x","x":{"$ref":"#/x"}})", "1").substr(0, kAt.size()), kAt);
  EXPECT_EQ(checked(R"({"dependentRequired":{"a":{"pattern":"^a"}}})", R"({"a":"b"})"), "fits");
  EXPECT_EQ(checked(R"({"$ref":"#/x","x":7})", "1"),
            "E6162: not a valid JSON Schema: a schema is neither an object nor a boolean");
  EXPECT_EQ(checked(R"({"$ref":"#/x","x":{"items":{"$ref":"#/nowhere"}}})", "1"),
            "E6162: not a valid JSON Schema: `$ref` leads to \"#/nowhere\", which is not there");
}

TEST(JsonSchema, WhatIsOnlyReadNeedNotBeUnderstood) {
  for (const char* schema : {R"x({"pattern":"(?=a)"})x", R"({"$ref":"http://example.com/a.json"})",
                             "7", R"({"items":3})"}) {
    const auto codec = compile({Format::json_schema, schema}, "");
    ASSERT_TRUE(codec) << schema;
    std::string json;
    EXPECT_TRUE((*codec)->decode(R"({"a":1})", json)) << schema;
    ASSERT_FALSE((*codec)->writable()) << schema;
    EXPECT_EQ((*codec)->writable().error().code, "E6162");
  }
}

TEST(JsonSchema, CheckingHasAnEnd) {
  // A large value, and many who refuse it.
  std::string many = R"({"anyOf":[{"type":"string"})";
  for (int i = 0; i < 20'000; ++i) many += R"(,{"type":"string"})";
  const std::string value = R"({"a":")" + std::string(500'000, 'x') + "\"}";
  const std::string refused = checked(many + "]}", value);
  EXPECT_EQ(refused.substr(0, kAt.size() + 10), kAt + R"($: {"a":"x)") << refused.substr(0, 300);
  EXPECT_LT(refused.size(), 300U);
  std::string items = "[";
  for (int i = 0; i < 3'000; ++i)
    items += fmt::format("{}{{\"a\":[\"{}\",{}]}}", i > 0 ? "," : "", std::string(300, 'x'), i);
  EXPECT_EQ(checked(R"({"uniqueItems":true})", items + "]"), "fits");
  EXPECT_EQ(checked(R"({"uniqueItems":true})", R"([{"a":1,"b":[2]},1,{"b":[2.0],"a":1e0}])"),
            kAt + "$: items 0 and 2 of the list are the same");
  std::string much = "{\"const\":[";
  for (int i = 0; i < 300; ++i) much += (i > 0 ? "," : "") + ('"' + std::string(1'000, 'x') + '"');
  std::string often = "{\"anyOf\":[" + much + ",1]}";
  for (int i = 0; i < 1'000; ++i) often += R"(,{"$ref":"#/anyOf/0"})";
  EXPECT_NE(
      checked(often + "]}", much.substr(much.find('[')) + ",2]").find("takes too long to check"),
      std::string::npos);
  std::string names = R"({"not":{"required":["a")";
  for (int i = 0; i < 100'000; ++i) names += ",\"a\"";
  std::string times = "{\"allOf\":[";
  for (int i = 0; i < 100; ++i)
    times += (i > 0 ? "," : "") + std::string(R"({"$ref":"#/definitions/a"})");
  EXPECT_NE(
      checked(times + R"(],"definitions":{"a":)" + names + "]}}}}", R"({"a":1})").find("E6165"),
      std::string::npos);
}

TEST(JsonSchema, MessagesAndNamesAreShort) {
  const std::string text = '"' + std::string(100'000, 'x') + '"';
  for (const std::string& schema :
       {std::string(R"({"type":"number"})"), std::string(R"({"pattern":"^[a-w]+$"})"),
        R"({"pattern":"^)" + std::string(500, 'y') + "$\"}", R"({"const":)" + text + "1}",
        R"({"required":[)" + text + "],\"type\":\"object\"}"})
    EXPECT_LT(checked(schema, text).size(), 500U);
  EXPECT_LT(checked(R"({"required":[)" + text + "]}", "{}").size(), 500U);
  const auto codec = compile({Format::json_schema, R"({"title":)" + text + "}"}, "");
  ASSERT_TRUE(codec);
  EXPECT_EQ((*codec)->name(""), "") << "every event would have it as a header";
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

TEST(JsonSchema, WhatWouldBePassedOverIsRefused) {
  const std::string begin = "E6162: not a valid JSON Schema: ";
  EXPECT_EQ(checked(R"({"properties":{"a":{"items":[{},{"type":"strng"}]}}})", "1"),
            begin +
                "/properties/a/items/1: `type` is \"strng\", not one or a list of null, "
                "boolean, object, array, number, string, integer");
  EXPECT_EQ(checked(R"({"required":"id"})", "1"),
            begin + "`required` is \"id\", not a list of names");
  EXPECT_EQ(checked(R"({"definitions":{"a":{"minimum":"3"}}})", "1"),
            begin + "/definitions/a: `minimum` is \"3\", not a number");
  EXPECT_EQ(checked(R"({"unevaluatedProperties":false})", "1"),
            begin + "`unevaluatedProperties` is not supported");
  for (const char* bad : {R"({"type":[]})",
                          R"({"type":["string","text"]})",
                          R"({"enum":5})",
                          R"({"multipleOf":0})",
                          R"({"maximum":null})",
                          R"({"exclusiveMinimum":"1"})",
                          R"({"minLength":-1})",
                          R"({"maxItems":1.5})",
                          R"({"pattern":7})",
                          R"({"items":"a"})",
                          R"({"contains":[]})",
                          R"({"uniqueItems":"yes"})",
                          R"({"properties":[]})",
                          R"({"additionalProperties":"no"})",
                          R"({"required":[1]})",
                          R"({"required":true})",
                          R"({"dependentRequired":{"a":"b"}})",
                          R"({"allOf":[]})",
                          R"({"anyOf":{}})",
                          R"({"oneOf":{"type":"null"}})",
                          R"({"not":[]})",
                          R"({"if":1})",
                          R"({"$ref":{}})",
                          R"({"unevaluatedItems":false})",
                          R"({"x":{"type":"strng"},"$ref":"#/x"})"})
    EXPECT_TRUE(checked(bad, "{}").starts_with(begin)) << bad << ": " << checked(bad, "{}");
  for (const char* good :
       {R"({"type":["null","integer"]})", R"({"enum":[]})", R"({"exclusiveMinimum":true})",
        R"({"required":[]})", R"({"maxItems":2.0})", R"({"items":[]})", R"({"format":7})",
        R"({"properties":{"type":{"type":"object"},"required":true}})",
        R"({"const":{"type":"strng"},"default":{"required":1},"enum":[{"type":"strng"}]})"})
    EXPECT_FALSE(checked(good, "{}").starts_with(begin)) << good << ": " << checked(good, "{}");
}

TEST(JsonSchema, ContainsCounts) {
  const std::string schema = R"({"contains":{"const":1},"minContains":2,"maxContains":3})";
  EXPECT_EQ(checked(schema, "[1,0,1]"), "fits");
  EXPECT_EQ(checked(schema, "[1,1,1,0]"), "fits");
  EXPECT_EQ(checked(schema, "[1,0]"), kAt + "$: 1 items of the list fit `contains`");
  EXPECT_EQ(checked(schema, "[1,1,1,1]"), kAt + "$: 4 items of the list fit `contains`");
  EXPECT_EQ(checked(R"({"contains":{"const":1},"minContains":0})", "[]"), "fits");
  EXPECT_EQ(checked(R"({"contains":{"const":1}})", "[0]"),
            kAt + "$: 0 items of the list fit `contains`");
}

TEST(JsonSchema, WhatIsNoJsonIsToldWithItsPlace) {
  EXPECT_EQ(checked("{}", R"({"a": nil})"),
            "E6165: the output is not JSON: syntax error at byte 6");
  EXPECT_EQ(checked("{}", R"({"a": 1)"),
            "E6165: the output is not JSON: incomplete JSON at byte 7");
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
  const std::set<std::string> skipped{"refRemote.json", "ref.json", "definitions.json",
                                      "dynamicRef.json", "unknownKeyword.json"};
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
