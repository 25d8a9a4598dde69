// SPDX-License-Identifier: Apache-2.0
// How answers of the engine read, and what a broken one does.
#include "engine/cli/plan_text.h"

#include "engine/cli/json.h"
#include "engine/cli/output.h"

#include <gmock/gmock.h>

namespace pelton::cli {
namespace {

using testing::HasSubstr;

json::object review(const char* text) {
  return *parse_object(text);
}

// What `print` writes to a descriptor that is not a terminal.
std::string out(void (*print)(const json::object&), const char* text) {
  testing::internal::CaptureStdout();
  print(review(text));
  std::fflush(stdout);
  return testing::internal::GetCapturedStdout();
}

std::string err(void (*print)(const json::object&), const char* text) {
  testing::internal::CaptureStderr();
  print(review(text));
  std::fflush(stderr);
  return testing::internal::GetCapturedStderr();
}

TEST(PlanText, ChangesHaveASignAndACount) {
  const std::string text = out(print_changes, R"({"changes":[
      {"kind":"stream","name":"new","action":"add","options":[{"option":"partitions","before":null,"after":"2"}]},
      {"kind":"binding","name":"b","action":"change","options":[
          {"option":"order","before":"key","after":"none"},
          {"option":"retry.max_age","before":"6h","after":null}]},
      {"kind":"binding","name":"c","action":"restart","because":["function f changes"]},
      {"kind":"function","name":"old","action":"remove"}]})");
  EXPECT_THAT(text, HasSubstr("+ stream new"));
  EXPECT_THAT(text, HasSubstr("    + partitions: 2\n"));
  EXPECT_THAT(text, HasSubstr("~ binding b"));
  EXPECT_THAT(text, HasSubstr("    ~ order: key -> none\n"));
  EXPECT_THAT(text, HasSubstr("    - retry.max_age: 6h\n"));
  EXPECT_THAT(text, HasSubstr("function f changes"));
  EXPECT_THAT(text, HasSubstr("\n1 to add, 1 to change, 1 to restart, 1 to remove\n"));
}

TEST(PlanText, SecretsAndControlCharactersAreNotShown) {
  const std::string text = out(print_changes, R"({"changes":[
      {"kind":"function","name":"f","action":"change","options":[
          {"option":"environment.TOKEN","before":"","after":"","secret":true},
          {"option":"environment.A","before":"a","after":"\u001b[2J"}]}]})");
  EXPECT_THAT(text, HasSubstr("environment.TOKEN: (secret) -> (secret)"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(PlanText, NoChangePrintsNothing) {
  EXPECT_EQ(out(print_changes, R"({"changes":[]})"), "");
  EXPECT_EQ(out(print_changes, "{}"), "");
}

TEST(PlanText, ProblemsAndRefusalsAreLinesOfStandardError) {
  EXPECT_EQ(err(print_problems, R"({"file":"c.yaml, d.yaml","problems":[
                {"file":"c.yaml","line":3,"column":5,"code":"E1005","severity":"error","message":"unknown key"},
                {"file":"d.yaml","line":4,"column":1,"code":"E1101","severity":"warning","message":"unused"}]})"),
            "c.yaml:3:5: E1005 unknown key\nd.yaml:4:1: warning E1101 unused\n");
  EXPECT_EQ(err(print_refusals, R"({"refusals":[{"code":"E5012","message":"restart it"}]})"),
            "pelton: E5012: restart it\n");
}

TEST(PlanText, TheOutcomeIsTheExitCode) {
  for (const auto& [outcome, code] :
       {std::pair("applied", kOk), std::pair("unchanged", kOk), std::pair("changes", kOk),
        std::pair("invalid", kConfigInvalid), std::pair("refused", kConflict),
        std::pair("failed", kFailure)})
    EXPECT_EQ(exit_code_of(json::object{{"outcome", outcome}}), code) << outcome;
}

TEST(Json, MembersThatAreMissingOrOfAnotherKindReadAsEmpty) {
  const json::object object = review(R"({"text":1,"number":"x","list":{},"object":[],"flag":1})");
  EXPECT_EQ(text_of(object, "text"), "");
  EXPECT_EQ(integer_of(object, "number"), 0);
  EXPECT_EQ(count_of(object, "none"), 0U);
  EXPECT_EQ(real_of(object, "none"), 0);
  EXPECT_TRUE(list_of(object, "list").empty());
  EXPECT_TRUE(object_of(object, "object").empty());
  EXPECT_FALSE(flag_of(object, "flag"));
  EXPECT_TRUE(as_object(json::value(3)).empty());
}

TEST(Json, NumbersThatDoNotFitReadAsZero) {
  EXPECT_EQ(count_of(review(R"({"n":-1})"), "n"), 0U);
  EXPECT_EQ(count_of(review(R"({"n":18446744073709551615})"), "n"), UINT64_MAX);
}

TEST(Json, AnAnswerThatIsNotAnObjectIsAnError) {
  for (const char* text : {"", "[]", "{", "nul"}) {
    const auto parsed = parse_object(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "E5006") << text;
  }
}

}  // namespace
}  // namespace pelton::cli
