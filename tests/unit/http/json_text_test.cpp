// SPDX-License-Identifier: Apache-2.0
#include "engine/http/json_text.h"

#include <gtest/gtest.h>

namespace pelton::http {
namespace {

std::size_t fault_at(std::string_view text) {
  const auto good = check_json(text);
  return good ? std::string_view::npos : good.error().at;
}

TEST(JsonText, GoodTextIsGood) {
  for (const char* text : {"1", "null", " {\"a\":[1,2,{}]} ", R"("\u00e4\ud83d\ude00")", "-0.5e-3"})
    EXPECT_TRUE(check_json(text)) << text;
}

TEST(JsonText, TheFaultsPlaceIsTold) {
  EXPECT_EQ(fault_at(R"({"a":1,})"), 7U);
  EXPECT_EQ(fault_at("{\"a\":nul}"), 5U);
  EXPECT_EQ(fault_at("[1] 2"), 4U);
  EXPECT_EQ(fault_at(""), 0U);
}

TEST(JsonText, WhatParsersDisagreeAboutIsRefused) {
  for (const char* text :
       {"NaN", "Infinity", "01", "+1", "'a'", "{a:1}", "[1,]", "/* */1", R"("\ud800")",
        R"("\udc00x")", "\"\x01\"", "\"\xff\"", "\"\xc0\xaf\"", "\xef\xbb\xbf{}", "tru", "\"a"})
    EXPECT_FALSE(check_json(text)) << text;
  EXPECT_EQ(check_json("\xef\xbb\xbf{}").error().what, "it begins with a byte order mark");
}

TEST(JsonText, DepthAndSizeDoNotHurt) {
  EXPECT_TRUE(check_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(check_json(std::string(65, '[') + std::string(65, ']')));
  EXPECT_FALSE(check_json(std::string(1'000'000, '[')));
  EXPECT_FALSE(check_json(std::string(1'000'000, '{')));
  EXPECT_TRUE(check_json(std::string(10'000'000, '7'))) << "a long number is still a number";
  EXPECT_TRUE(check_json("{\"" + std::string(10'000'000, 'k') + "\":1}"));
}

TEST(JsonText, MembersKeepTheirText) {
  const auto members = json_members(R"( { "a" : 1.50 ,"b":{"c":"}\"]"}, "\u0063":[ 1 , 2 ]})");
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ((*members)[0].value, "1.50");
  EXPECT_EQ((*members)[0].at, 3U);
  EXPECT_EQ((*members)[1].value, R"({"c":"}\"]"})");
  EXPECT_EQ((*members)[2].name, "c");
  EXPECT_EQ((*members)[2].value, "[ 1 , 2 ]");
  EXPECT_TRUE(json_members("{}")->empty());
}

TEST(JsonText, AMemberStandsOnce) {
  EXPECT_NE(json_members(R"({"a":1,"\u0061":2})").error().what.find("twice"), std::string::npos);
  EXPECT_EQ(json_members("[1]").error().what, "not an object");
  std::string many = "{\"a\":1";
  for (int i = 0; i < 100; ++i) many += ",\"" + std::to_string(i) + "\":1";
  EXPECT_FALSE(json_members(many + "}"));
}

TEST(JsonText, StringsAndLists) {
  EXPECT_EQ(json_string(R"("a\n\u00e4")"), "a\n\xc3\xa4");
  EXPECT_EQ(*json_strings(R"([ "a" , "]" ])"), (std::vector<std::string>{"a", "]"}));
  EXPECT_TRUE(json_strings("[]")->empty());
  EXPECT_FALSE(json_strings("[1]"));
  EXPECT_FALSE(json_strings("[[]]"));
  EXPECT_EQ(json_quoted("a\"\xff\n"), "\"a\\\"\xef\xbf\xbd\\n\"");
}

}  // namespace
}  // namespace pelton::http
