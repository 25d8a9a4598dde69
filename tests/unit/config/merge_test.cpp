// SPDX-License-Identifier: Apache-2.0
// A config in several files.
#include "tests/unit/config/fixture.h"

#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MergeTest : public ConfigTest {
 protected:
  Loaded both(const std::string& one, const std::string& two) {
    return load({write("one.yaml", one), write("sub/two.yaml", two)}, kinds_,
                [](const std::string&) { return std::nullopt; });
  }
  // Without the folder.
  std::vector<std::string> errors(const Loaded& loaded) const {
    std::vector<std::string> all;
    for (const Diagnostic& problem : loaded.problems) {
      if (problem.severity == Severity::warning) continue;
      std::string text = problem.text();
      const std::string folder = folder_.string() + "/";
      for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;)
        text.erase(at, folder.size());
      all.push_back(std::move(text));
    }
    return all;
  }
};

TEST_F(MergeTest, OneFileGivenTwiceIsSaidOnce) {
  const std::string file = write("one.yaml", "version: 1\nstreams: { a: {} }\n");
  const auto loaded = load({file, folder_ / "." / "one.yaml"}, kinds_,
                           [](const std::string&) { return std::nullopt; });
  EXPECT_THAT(errors(loaded), ElementsAre("./one.yaml:1:1: E1004 the file is given twice"));
}

TEST_F(MergeTest, SectionsAreMergedAndSoAreThoseOfTheEngine) {
  const auto loaded = both(
      "version: 1\nengine: { data: ./d, log: { level: warn } }\nstreams: { a: {} }\n"
      "functions: { f: { runtime: cpp, code: ./f } }\n",
      "version: 1\nx-mine: 1\nengine: { log: { format: json } }\nstreams: { b: {} }\n"
      "bindings: { x: { from: a, function: f, to: b } }\n");
  EXPECT_THAT(errors(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->engine.log_level, LogLevel::warn);
  EXPECT_EQ(loaded.config->engine.log_format, LogFormat::json);
  EXPECT_EQ(loaded.config->streams.size(), 2U);
  EXPECT_THAT(loaded.config->files, ElementsAre(folder_ / "one.yaml", folder_ / "sub/two.yaml"));
}

TEST_F(MergeTest, WhatTwoFilesHaveIsAnErrorWithBothPlaces) {
  EXPECT_THAT(errors(both("version: 1\nengine: { data: a }\nstreams: { s: {} }\n",
                          "engine: { data: b }\nstreams:\n  s: {}\n")),
              ElementsAre("sub/two.yaml:1:11: E1004 duplicate key \"data\": it is also at "
                          "one.yaml:2:11",
                          "sub/two.yaml:3:3: E1004 duplicate key \"s\": it is also at "
                          "one.yaml:3:12"));
}

TEST_F(MergeTest, OtherVersionsAreAContradiction) {
  EXPECT_THAT(errors(both("version: 1\n", "version: 2\n")),
              ElementsAre("sub/two.yaml:1:1: E1004 duplicate key \"version\": it is also at "
                          "one.yaml:1:1"));
}

TEST_F(MergeTest, RelativePathsBeginInTheFolderOfTheirFile) {
  write("sub/level.txt", "warn");
  const auto loaded = both("version: 1\nengine: { data: ./d }\n",
                           "engine: { log: { level: \"${file:level.txt}\" } }\nfunctions: { f: { "
                           "runtime: cpp, code: ./f } }\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->engine.data, folder_ / "d");
  EXPECT_EQ(loaded.config->engine.log_level, LogLevel::warn);
  EXPECT_EQ(loaded.config->functions.at(0).files.at(0).path, folder_ / "sub/f");
}

TEST_F(MergeTest, ProblemsNameTheirFileInItsOrder) {
  EXPECT_THAT(errors(both("version: 1\nstreems: {}\n", "streams: { A: {} }\n")),
              ElementsAre("one.yaml:2:1: E1005 unknown key \"streems\" (did you mean \"streams\"?)",
                          "sub/two.yaml:1:12: E1011 \"A\" is not a valid name: use lower-case "
                          "letters, digits, `-`, `_` and `.`, beginning with a letter or digit, at "
                          "most 63 characters"));
  EXPECT_THAT(errors(both("version: 1\n", "- a\n")),
              ElementsAre("sub/two.yaml:1:1: E1002 a config file must be a mapping, not a list"));
  EXPECT_THAT(errors(both("version: 1\n", "a: [\n")).size(), 1U);
}

TEST_F(MergeTest, NamesThatAreSectionsElsewhereAreMergedOnlyThere) {
  EXPECT_THAT(errors(both("version: 1\nstreams: { engine: {} }\n", "streams: { engine: {} }\n")),
              ElementsAre("sub/two.yaml:1:12: E1004 duplicate key \"engine\": it is also at "
                          "one.yaml:2:12"));
}

TEST_F(MergeTest, AKeyOfTheUsersOwnMayBeInBoth) {
  EXPECT_THAT(errors(both("version: 1\nx-team: a\nengine: { x-note: 1 }\n",
                          "x-team: { b: c }\nengine: { x-note: 2 }\n")),
              IsEmpty());
}

TEST_F(MergeTest, EmptySectionsAreNoContradiction) {
  EXPECT_THAT(errors(both("version: 1\nstreams:\n", "streams: { s: {} }\n")), IsEmpty());
  EXPECT_THAT(errors(both("version: 1\nstreams: { s: {} }\n", "streams:\nengine:\n")), IsEmpty());
}

TEST_F(MergeTest, AllFilesThatCannotBeReadAreNamed) {
  const auto loaded = load({folder_ / "a.yaml", write("good.yaml", "version: 1\n"), folder_},
                           kinds_, [](const std::string&) { return std::nullopt; });
  EXPECT_FALSE(loaded.config);
  ASSERT_EQ(loaded.problems.size(), 2U);
  EXPECT_EQ(loaded.problems[0].file, folder_ / "a.yaml");
  EXPECT_EQ(loaded.problems[1].message, "the file cannot be read: it is a folder");
}

}  // namespace
}  // namespace pelton::config
