// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/case_file.h"

#include "tests/contract/temporary_folder.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include <fstream>

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CaseFileTest : public testing::Test {
 protected:
  Result<CaseFile> read(const std::string& text) const {
    std::ofstream(folder.path() / "tests.yaml") << text;
    return read_cases(folder.path() / "tests.yaml");
  }
  std::string refusal(const std::string& text) const {
    const auto cases = read(text);
    return cases ? "" : cases.error().text();
  }
  // "place expected -> got", a minus sign for nothing.
  static std::vector<std::string> compared(const Case& expected, const std::string& answer) {
    std::vector<std::string> all;
    const auto text = [](const std::optional<json::value>& value) {
      return value ? json::serialize(*value) : std::string("-");
    };
    for (const Difference& one : differences(expected, json::parse(answer).as_object()))
      all.push_back(fmt::format("{} {} -> {}", one.place, text(one.expected), text(one.got)));
    return all;
  }
  const test::TemporaryFolder folder;
};

TEST_F(CaseFileTest, HasEventsAndWhatIsExpected) {
  const auto cases = read(
      "config: c.yaml\nfunction: f\ncases:\n"
      "  - { name: a, event: { data: { n: 1, s: \"1\", b: true, z: null, l: [1.5, x] } } }\n"
      "  - { name: b, function: g, event: {}, error: { type: T } }\n");
  ASSERT_TRUE(cases) << cases.error().text();
  EXPECT_EQ(cases->config, folder.path() / "c.yaml");
  EXPECT_EQ(json::serialize(cases->cases[0].event),
            R"({"data":{"n":1,"s":"1","b":true,"z":null,"l":[1.5E0,"x"]}})");
  EXPECT_EQ(cases->cases[0].function + cases->cases[0].outcome, "fdone");
  EXPECT_EQ(cases->cases[1].function + cases->cases[1].outcome, "gfailed");
}

TEST_F(CaseFileTest, WhatIsWrongHasItsPlace) {
  EXPECT_THAT(refusal("cases: 5"), HasSubstr("tests.yaml:1:8: `cases` must be a list"));
  EXPECT_THAT(refusal("function: f\ncases: [ { event: {} } ]"), HasSubstr("needs a `name`"));
  EXPECT_THAT(refusal("cases: [ { name: a, event: {} } ]"), HasSubstr("no `function`"));
  EXPECT_THAT(refusal("function: f\ncases: [ { name: a } ]"), HasSubstr("either `event` or"));
  EXPECT_THAT(refusal("function: f\ncases: [ { name: a, event_file: no.json } ]"),
              HasSubstr("no.json cannot be read as JSON"));
  EXPECT_THAT(refusal("function: f\ncases: [ { name: a, event: {}, outcome: fine } ]"),
              HasSubstr("done, failed or timeout"));
  EXPECT_THAT(refusal("{"), HasSubstr("E5063"));
}

TEST_F(CaseFileTest, OfOutputsTheNamedAttributesAreCompared) {
  Case expected;
  expected.outputs = json::parse(R"([{"key":"k","data":{"n":1}},{"data":2}])").as_array();
  EXPECT_THAT(compared(expected, R"({"outcome":"done","outputs":[
      {"key":"k","time":"t","data":{"n":1.0}},{"data":2}]})"),
              ElementsAre());
  EXPECT_THAT(compared(expected, R"({"outcome":"failed","outputs":[{"data":{"n":2,"more":[]}}]})"),
              ElementsAre(R"(outcome "done" -> "failed")", R"(outputs[0].key "k" -> -)",
                          "outputs[0].data.n 1 -> 2", "outputs[0].data.more - -> []",
                          R"(outputs[1] {"data":2} -> -)"));
}

TEST_F(CaseFileTest, ResponsesAreComparedWholeAndErrorsInPart) {
  Case expected;
  expected.response = json::parse(R"([{"a":1}])");
  EXPECT_THAT(compared(expected, R"({"outcome":"done","response":[{"a":1,"b":2}]})"),
              ElementsAre("response[0].b - -> 2"));
  expected.response.reset();
  expected.outcome = "failed";
  expected.error = json::parse(R"({"type":"T"})").as_object();
  EXPECT_THAT(compared(expected, R"({"outcome":"failed","error":{"type":"T","message":"m"}})"),
              ElementsAre());
  EXPECT_THAT(compared(expected, R"({"outcome":"failed","error":null})"),
              ElementsAre(R"(error.type "T" -> -)"));
}

TEST_F(CaseFileTest, EventsMayBeInFilesBesideIt) {
  std::ofstream(folder.path() / "put.json") << R"({"Records":[{"n":1}]})";
  const auto cases = read("function: f\ncases: [ { name: a, event_file: put.json } ]");
  ASSERT_TRUE(cases) << cases.error().text();
  EXPECT_EQ(json::serialize(cases->cases[0].event), R"({"Records":[{"n":1}]})");
  EXPECT_EQ(cases->config, folder.path() / "pelton.yaml");
}

TEST_F(CaseFileTest, MembersThatItDoesNotKnowAreRefused) {
  EXPECT_THAT(refusal("function: f\ncase: []"), HasSubstr("did you mean \"cases\"?"));
  EXPECT_THAT(refusal("function: f\ncases: [ { name: a, event: {}, error: { kind: x } } ]"),
              HasSubstr("`error` has no `kind`"));
  EXPECT_THAT(refusal("function: f\ncases: [ { name: a, event: {}, outputs: {} } ]"),
              HasSubstr("`outputs` must be a list"));
  EXPECT_THAT(refusal("function: f\ncases: [ { name: a, event: {}, outputs: [ 1 ] } ]"),
              HasSubstr("an output must be an event"));
  EXPECT_THAT(refusal("function: [ f ]\ncases: [ { name: a, event: {} } ]"),
              HasSubstr("`function` must be a text"));
  EXPECT_THAT(refusal("[]"), HasSubstr("the file must be a mapping"));
  EXPECT_THAT(refusal("function: f\ncases: [ 5 ]"), HasSubstr("a case must be a mapping"));
}

TEST_F(CaseFileTest, TypesAreCompared) {
  Case expected;
  expected.response = json::parse(R"({"n":1,"t":"1","l":[1,2],"o":{}})");
  EXPECT_THAT(compared(expected, R"({"outcome":"done","response":{"n":"1","t":1,"l":[1],"o":[]}})"),
              ElementsAre(R"(response.n 1 -> "1")", R"(response.t "1" -> 1)",
                          "response.l[1] 2 -> -", "response.o {} -> []"));
  EXPECT_THAT(compared(expected, R"({"outcome":"done","outputs":[]})").size(), 1U);
}

}  // namespace
}  // namespace pelton::cli
