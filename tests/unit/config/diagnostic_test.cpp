// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/diagnostic.h"

#include <gtest/gtest.h>

namespace pelton::config {
namespace {

TEST(Diagnostic, TextIsFilePlaceCodeAndMessage) {
  EXPECT_EQ((Diagnostic{{3, 5}, "E1005", "unknown key", Severity::error, "a.yaml"}).text(),
            "a.yaml:3:5: E1005 unknown key");
  EXPECT_EQ((Diagnostic{{3, 5}, "E1101", "unused", Severity::warning, "a.yaml"}).text(),
            "a.yaml:3:5: warning E1101 unused");
}

TEST(Diagnostics, AreInTheOrderOfTheFile) {
  Diagnostics problems;
  problems.error({2, 9}, "E1", "c");
  problems.warning({1, 1}, "E2", "a");
  problems.error({2, 1}, "E3", "b");
  std::string order;
  for (const Diagnostic& d : problems.sorted()) order += d.message;
  EXPECT_EQ(order, "abc");
}

TEST(Diagnostics, WarningsAreNoErrors) {
  Diagnostics problems;
  problems.warning({1, 1}, "E1", "x");
  EXPECT_FALSE(problems.has_errors());
  problems.error({1, 1}, "E1", "x");
  EXPECT_TRUE(problems.has_errors());
}

TEST(Diagnostics, AreBoundedAndSayHowManyAreLeftOut) {
  Diagnostics problems;
  for (std::size_t i = 0; i < Diagnostics::kMost + 7; ++i) problems.error({1, 1}, "E1", "x");
  const auto all = problems.sorted();
  ASSERT_EQ(all.size(), Diagnostics::kMost + 1);
  EXPECT_EQ(all.back().message, "... and 7 more problems that are not shown");
}

TEST(Diagnostics, AnErrorAfterManyWarningsStillCounts) {
  Diagnostics problems;
  for (std::size_t i = 0; i < Diagnostics::kMost; ++i) problems.warning({1, 1}, "E1", "x");
  problems.error({1, 1}, "E1", "x");
  EXPECT_TRUE(problems.has_errors());
  EXPECT_EQ(problems.sorted().back().severity, Severity::error);
}

class HiddenTest : public ::testing::Test {
 protected:
  std::string shown(const std::string& message) {
    problems_.error({1, 1}, "E1", message);
    return problems_.sorted().back().message;
  }
  Diagnostics problems_;
};

TEST_F(HiddenTest, TextsOfTheFileAreMasked) {
  problems_.hide("hunter2 x", "***");
  EXPECT_EQ(shown("b: hunter2 x is less than hunter2 xy"), "b: *** is less than ***y");
}

TEST_F(HiddenTest, AWordIsMaskedWhereAMessageShowsTextsOfTheFile) {
  problems_.hide("plain", "***");
  EXPECT_EQ(shown("a: \"plain\" is not a number"), "a: \"***\" is not a number");
  EXPECT_EQ(shown("a: \"so plain\" and \"plain so\""), "a: \"so ***\" and \"*** so\"");
  EXPECT_EQ(shown("the file /etc/plain.pem does not exist"),
            "the file /etc/***.pem does not exist");
  EXPECT_EQ(shown("http://plain:80 plain@host user=plain"), "http://***:80 ***@host user=***");
}

TEST_F(HiddenTest, TheMessagesOwnWordsAreNotMasked) {
  problems_.hide("plain", "***");
  problems_.hide("password", "${env:P}");
  problems_.hide("at_least_once", "${env:D}");
  for (const char* own :
       {"kafka.sasl.password is a secret in plain text: use ${env:NAME} or ${file:path}",
        "\"x\" is none of plain, at_least_once; explain `password` or plain: scram",
        "password of ${env:password}"})
    EXPECT_EQ(shown(own), own);
}

TEST_F(HiddenTest, TheLongestOfTwoTextsIsMasked) {
  problems_.hide("abc1", "***");
  problems_.hide("abc1-and-more", "***");
  EXPECT_EQ(shown("abc1-and-more abc1"), "*** ***");
}

TEST(Diagnostics, ControlCharactersAreEscaped) {
  Diagnostics problems;
  problems.error({1, 1}, "E1", "a\x1b[31m\nb\x7f \u009b é");
  EXPECT_EQ(problems.sorted().front().message, "a\\x1b[31m\\x0ab\\x7f \\x9b é");
}

TEST(Diagnostics, LongMessagesAreCutBetweenCharacters) {
  Diagnostics problems;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "€";
  problems.error({1, 1}, "E1", text);
  const std::string message = problems.sorted().front().message;
  EXPECT_LT(message.size(), 900U);
  EXPECT_TRUE(message.ends_with("€..."));
}

TEST(Nearest, IsTheNameWithTheFewestChanges) {
  EXPECT_EQ(nearest("partitons", {"retention", "partitions"}), "partitions");
  EXPECT_EQ(nearest("frist", {"first", "max", "factor"}), "first");
  EXPECT_EQ(nearest("pyhton", {"python", "cpp"}), "python");
  EXPECT_EQ(nearest("a", {"b", "abc"}), "") << "nothing of it would be left";
}

TEST(Nearest, IsNothingWhenAllAreFar) {
  EXPECT_EQ(nearest("zebra", {"first", "max"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), {"first"}), "");
  EXPECT_EQ(did_you_mean("zebra", {"first"}), "");
  EXPECT_EQ(did_you_mean("firts", {"first"}), " (did you mean \"first\"?)");
}

}  // namespace
}  // namespace pelton::config
