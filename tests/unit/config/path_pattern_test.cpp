// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/path_pattern.h"

#include <gtest/gtest.h>

namespace pelton::config {
namespace {

PathPattern pattern(const std::string& text) {
  auto parsed = PathPattern::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed ? *parsed : PathPattern();
}

// "id=7 rest=a/b"; "-": another path.
std::string matched(const std::string& text, std::vector<std::string> path) {
  const auto parameters = pattern(text).match(path);
  if (!parameters) return "-";
  std::string out;
  for (const auto& [name, value] : *parameters)
    out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

TEST(PathPattern, TextStandsForItself) {
  EXPECT_EQ(matched("/", {}), "");
  EXPECT_EQ(matched("/", {"a"}), "-");
  EXPECT_EQ(matched("/a/b", {"a", "b"}), "");
  for (const auto& other : {std::vector<std::string>{"a"}, {"a", "c"}, {"a", "b", "c"}, {"A", "b"}})
    EXPECT_EQ(matched("/a/b", other), "-");
}

TEST(PathPattern, ParametersStandForOneSegmentOrMore) {
  EXPECT_EQ(matched("/users/{id}", {"users", "7"}), "id=7");
  EXPECT_EQ(matched("/users/{id}", {"users", "a/b"}), "id=a/b");
  EXPECT_EQ(matched("/users/{id}", {"users"}), "-");
  EXPECT_EQ(matched("/users/{id}", {"users", ""}), "-");
  EXPECT_EQ(matched("/users/{id}", {"users", "7", "x"}), "-");
  EXPECT_EQ(matched("/{a}/{rest+}", {"x", "y", "z"}), "a=x rest=y/z");
  EXPECT_EQ(matched("/{a}/{rest+}", {"x"}), "-");
}

TEST(PathPattern, BadOnesAreRefused) {
  for (const char* text : {"", "a", "/a//b", "/a/../b", "/./a", "/a?b", "/a#b", "/a%20b", "/a{b}",
                           "/{}", "/{a b}", "/{+}", "/{a+}/b", "/{a}/{a}", "/{a}x"})
    EXPECT_FALSE(PathPattern::parse(text)) << text;
}

TEST(PathPattern, TheMoreSpecificOneComesFirst) {
  const char* order[] = {"/a/b/c",  "/a/b",   "/a/{x}/c", "/a/{x}",
                         "/a/{x+}", "/{x}/b", "/{x}",     "/{x+}"};
  for (std::size_t i = 1; i < std::size(order); ++i)
    EXPECT_TRUE(pattern(order[i - 1]) < pattern(order[i])) << order[i - 1] << " " << order[i];
}

TEST(PathPattern, NamesOfParametersDoNotMatter) {
  EXPECT_TRUE(pattern("/a/{x}").same_paths(pattern("/a/{y}")));
  EXPECT_FALSE(pattern("/a/{x}").same_paths(pattern("/a/{x+}")));
  EXPECT_FALSE(pattern("/a/x").same_paths(pattern("/a/y")));
}

TEST(PathPattern, AnExampleHasAValueForEachParameter) {
  EXPECT_EQ(PathPattern::parse("/users/{id}/files/{path+}")->example(), "/users/1/files/1");
  EXPECT_EQ(PathPattern::parse("/users")->example(), "/users");
  EXPECT_EQ(PathPattern::parse("/")->example(), "/");
}

}  // namespace
}  // namespace pelton::config
