// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/tree.h"

#include <gtest/gtest.h>

namespace pelton::config {
namespace {

Node tree(const std::string& text) {
  Diagnostics problems;
  Node root = parse_yaml(text, problems);
  EXPECT_FALSE(problems.has_errors());
  return root;
}

std::string first_problem(const std::string& text) {
  Diagnostics problems;
  parse_yaml(text, problems);
  const auto all = problems.sorted();
  return all.empty() ? "" : all.front().code + " " + all.front().message;
}

TEST(YamlTree, NodesKnowTheirPlaces) {
  const Node root = tree("a: 1\nb:\n  - x\n  - {c: d}\n");
  const Node& list = *root.find("b");
  EXPECT_EQ(root.find("a")->place.line, 1U);
  EXPECT_EQ(root.find("a")->place.column, 4U);
  EXPECT_EQ(list.items[0].place.line, 3U);
  EXPECT_EQ(list.items[0].place.column, 5U);
  EXPECT_EQ(list.items[1].find("c")->place.column, 9U);
}

TEST(YamlTree, QuotesMakeText) {
  const Node root = tree("a: 5\nb: \"5\"\nc: '~'\nd: ~\ne:\nf: |\n  5\n");
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_TRUE(root.find("b")->quoted);
  EXPECT_EQ(root.find("c")->kind, Node::Kind::scalar);
  EXPECT_EQ(root.find("d")->kind, Node::Kind::null);
  EXPECT_EQ(root.find("e")->kind, Node::Kind::null);
  EXPECT_TRUE(root.find("f")->quoted);
}

TEST(YamlTree, AliasesAreCopiesAtTheirOwnPlace) {
  const Node root = tree("a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(root.find("b")->find("k")->text, "v");
  EXPECT_EQ(root.find("b")->place.line, 2U);
}

TEST(YamlTree, OneDocumentMayHaveItsMarks) {
  EXPECT_EQ(tree("---\na: 1\n...\n").find("a")->text, "1");
  EXPECT_EQ(tree("\xEF\xBB\xBF"
                 "a: 1\n")
                .find("a")
                ->text,
            "1");
  EXPECT_EQ(tree("").kind, Node::Kind::null);
  EXPECT_EQ(tree("# nothing\n").kind, Node::Kind::null);
}

TEST(YamlTree, ASecondDocumentIsRefused) {
  EXPECT_TRUE(
      first_problem("a: 1\n---\nb: 1\n").starts_with("E1002 a config file is one document"));
}

TEST(YamlTree, AKeyTwiceIsRefused) {
  EXPECT_EQ(first_problem("a: 1\nb: 2\na: 3\n"), "E1004 duplicate key \"a\"");
  EXPECT_EQ(first_problem("a: 1\n\"a\": 3\n"), "E1004 duplicate key \"a\"");
}

TEST(YamlTree, SizeIsLimited) {
  const std::string comment(kMaxFileBytes - 6, '#');
  EXPECT_EQ(first_problem("a: 1\n" + comment + "\n"), "");
  EXPECT_TRUE(first_problem("a: 1\n" + comment + "#\n").starts_with("E1003 the file is larger"));
}

TEST(YamlTree, NodesAreLimited) {
  std::string text = "[";
  for (std::size_t i = 0; i < kMaxNodes + 1; ++i) text += "x,";
  EXPECT_TRUE(first_problem(text + "]").starts_with("E1003 more than 100000 values"));
}

TEST(YamlTree, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(first_problem(nested(kMaxDepth)), "");
  EXPECT_EQ(first_problem(nested(kMaxDepth + 1)), "E1003 nested deeper than 32 levels");
  EXPECT_EQ(first_problem(nested(100'000)), "E1003 nested deeper than 32 levels");
}

TEST(YamlTree, DepthThroughAliasesIsLimited) {
  std::string text = "- &a0 [x]\n";
  for (int i = 1; i < 40; ++i)
    text += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(first_problem(text), "E1003 nested deeper than 32 levels");
}

TEST(YamlTree, AliasBombsAreRefused) {
  std::string text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    text += "- &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += "*a" + std::to_string(i - 1) + ", ";
    text += "]\n";
  }
  EXPECT_TRUE(first_problem(text).starts_with("E1003 more than 100000 values"));
}

// Every anchored level is kept for its aliases: 30 levels around 30,000 values would be 900,000.
TEST(YamlTree, NestedAnchorsAreChargedForWhatTheyKeep) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "&a" + std::to_string(i) + " [";
  for (int i = 0; i < 30'000; ++i) text += "x,";
  text += std::string(30, ']');
  EXPECT_TRUE(first_problem(text).starts_with("E1003 more than 100000 values"));
}

TEST(YamlTree, AliasCyclesAreRefused) {
  EXPECT_EQ(first_problem("&x [*x]"), "E1003 an alias refers to something that contains it");
  EXPECT_EQ(first_problem("a: &x {b: {c: *x}}"),
            "E1003 an alias refers to something that contains it");
}

TEST(YamlTree, AQuoteIsClosed) {
  const std::string unclosed = "E1002 not YAML: the quote that begins here is not closed";
  EXPECT_EQ(first_problem("a: \"x\nb: 1\n"), unclosed);
  EXPECT_EQ(first_problem("a: 'x''\nb: 1\n"), unclosed);
  EXPECT_EQ(first_problem("a: &n \"x\\\"\n"), unclosed);
  EXPECT_EQ(first_problem("\xEF\xBB\xBF'x\n"), unclosed);
  EXPECT_EQ(first_problem("a: \"x\\\"\"\nb: 'it''s'\nc: &n \"y\"\nd: |\n  \"\n"), "");
  EXPECT_EQ(first_problem("\xEF\xBB\xBF'x': 1\n"), "");
  EXPECT_EQ(first_problem("a: \"x\n  y\"\n"), "");
}

TEST(YamlTree, ATabThatIndentsIsNamed) {
  EXPECT_EQ(first_problem("a:\n\tb: 1\n"),
            "E1002 not YAML: indented by a tab, where YAML takes spaces only");
}

TEST(YamlTree, WhatIsNotTextIsRefused) {
  EXPECT_EQ(first_problem("a: \xff\n"), "E1001 the file is not UTF-8 text");
  EXPECT_EQ(first_problem(std::string("a: \0b\n", 6)),
            "E1001 the file holds a NUL: it is not text");
  // UTF-16, as some editors write it.
  EXPECT_TRUE(first_problem(std::string("\xff\xfe"
                                        "a\0:\0",
                                        6))
                  .starts_with("E1001"));
}

TEST(YamlTree, PlaceOfBadTextIsItsFirstByte) {
  Diagnostics problems;
  parse_yaml("a: 1\nb: x\xc0\n", problems);
  EXPECT_EQ(problems.sorted().front().place.line, 2U);
  EXPECT_EQ(problems.sorted().front().place.column, 5U);
}

}  // namespace
}  // namespace pelton::config
