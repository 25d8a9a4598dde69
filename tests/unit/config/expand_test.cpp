// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/expand.h"

#include "engine/config/included.h"
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace pelton::config {
namespace {

class Expand : public ConfigTest {
 protected:
  // What the text stands for; "CODE message" when it stands for nothing.
  std::string of(const std::string& text) {
    const Environment environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto at = variables_.find(name);
      if (at == variables_.end()) return std::nullopt;
      return at->second;
    };
    Diagnostics problems;
    ReadContext context{problems, {folder_}, environment};
    Node node;
    node.text = text;
    if (auto out = expand(node, context)) return *out;
    return problems.sorted().front().code + " " + problems.sorted().front().message;
  }
};

TEST_F(Expand, VariablesAreReplaced) {
  variables_ = {{"HOST", "db"}, {"EMPTY", ""}};
  EXPECT_EQ(of("http://${env:HOST}:80/${env:HOST}"), "http://db:80/db");
  EXPECT_EQ(of("[${env:EMPTY}]"), "[]");
  EXPECT_EQ(of("plain"), "plain");
}

TEST_F(Expand, AnUnsetVariableIsAProblem) {
  EXPECT_EQ(of("${env:NOT_SET}"), "E1016 the variable NOT_SET is not set");
}

TEST_F(Expand, AnUnsetOrEmptyVariableHasItsDefaultOrMessage) {
  variables_ = {{"SET", "x"}, {"EMPTY", ""}};
  EXPECT_EQ(of("${env:SET:-y}${env:EMPTY:-y}${env:NOT_SET:-a b}[${env:NOT_SET:-}]"), "xya b[]");
  EXPECT_EQ(of("${env:SET:?why}"), "x");
  for (const char* name : {"EMPTY", "NOT_SET"})
    EXPECT_EQ(of(std::string("${env:") + name + ":?export it}"),
              std::string("E1016 the variable ") + name + " is not set: export it");
  EXPECT_EQ(of("${env:NOT_SET:?}"), "E1016 the variable NOT_SET is not set");
  EXPECT_TRUE(of("${env:SET:+y}").starts_with("E1016 "));
  EXPECT_TRUE(of("${env:SET:}").starts_with("E1016 "));
}

TEST_F(Expand, ReferencesAreNotNested) {
  EXPECT_EQ(of("${env:A:-${env:B:-z}}"),
            "E1016 \"${env:A:-${env:B:-z\" contains another ${: references are not nested");
}

TEST_F(Expand, NoMessageShowsWhatAVariableStandsFor) {
  variables_ = {{"TOPIC", "hidden topic!"}, {"PEM", "hidden/file"}};
  for (const std::string& problem :
       problems("version: 1\nstreams: { s: { kafka: { brokers: [\"${env:PEM}\"], topic: "
                "\"${env:TOPIC}\", tls: { ca: \"${env:PEM}\" } } } }\n"))
    EXPECT_EQ(problem.find("hidden"), std::string::npos) << problem;
}

TEST_F(Expand, FilesLoseTheirLastLineEnd) {
  write("token", "s3cret\r\n");
  EXPECT_EQ(of("${file:token}"), "s3cret");
  EXPECT_EQ(of("${file:" + (folder_ / "token").string() + "}"), "s3cret");
}

TEST_F(Expand, DollarsEscape) {
  EXPECT_EQ(of("$${env:X}"), "${env:X}");
  EXPECT_EQ(of("a$b $"), "a$b $");
  EXPECT_EQ(of("{env:X}"), "{env:X}");
}

TEST_F(Expand, WhatWasPutInIsNotExpandedAgain) {
  variables_ = {{"A", "${env:B}"}, {"B", "b"}};
  EXPECT_EQ(of("${env:A}"), "${env:B}");
}

TEST_F(Expand, OtherFormsAreProblems) {
  for (const char* text : {"${HOME}", "${}", "${env:}", "${file:}", "${env:X", "${", "${exec:ls}"})
    EXPECT_TRUE(of(text).starts_with("E1016")) << text;
}

TEST_F(Expand, OnlyRegularFilesAreRead) {
  make_folder("folder");
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(of("${file:none}"), "E1016 the file none does not exist");
  EXPECT_EQ(of("${file:folder}"), "E1016 folder is not a file");
  EXPECT_EQ(of("${file:fifo}"), "E1016 fifo is not a file");
  EXPECT_EQ(of("${file:/dev/zero}"), "E1016 /dev/zero is not a file");
}

TEST_F(Expand, FilesAreLimitedAndText) {
  write("fits", std::string(kMaxSecretBytes, 'x'));
  write("large", std::string(kMaxSecretBytes + 1, 'x'));
  write("binary", std::string("a\0b", 3));
  EXPECT_EQ(of("${file:fits}").size(), kMaxSecretBytes);
  EXPECT_TRUE(of("${file:large}").starts_with("E1016 the file large is larger than"));
  EXPECT_TRUE(of("${file:binary}").starts_with("E1016 the file binary contains a NUL"));
}

TEST_F(Expand, NumbersAndBooleansMayComeFromVariables) {
  variables_ = {{"N", "7"}, {"YES", "true"}, {"MODE", "none"}};
  const Config config = good(R"(version: 1
streams: { a: { partitions: "${env:N}", retention: { force: "${env:YES}" } } }
connectors: { c: { files: { path: ./x }, from: a, order: "${env:MODE}" } }
)");
  EXPECT_EQ(config.find_stream("a")->partitions, 7U);
  EXPECT_TRUE(config.find_stream("a")->retention.force);
  EXPECT_EQ(config.connectors.front().delivery.order, model::Order::none);
}

TEST(IncludedFiles, AreThoseThatAreNamed) {
  using ::testing::ElementsAre;
  EXPECT_THAT(
      included_files("a: ${file:one}\nb: x${file:../two.txt}${env:X}y${file:/three}\n", "/f"),
      ElementsAre("/f/one", "/f/../two.txt", "/three"));
  EXPECT_THAT(included_files("a: $${file:literal} ${file:broken\nb: } ${file:", "/f"),
              ::testing::IsEmpty());
}

}  // namespace
}  // namespace pelton::config
