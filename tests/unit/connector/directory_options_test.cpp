// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"
#include "connectors/directory/options.h"
#include "engine/config/load.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace pelton::directory {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

// A config whose connector `inbox` has these options.
config::Loaded with(const std::string& options, const std::string& direction) {
  const config::Kinds kinds{{describe_options()}, {}};
  return config::load_text("version: 1\nstreams: { s: {} }\nconnectors:\n  inbox:\n    " +
                               direction + ": s\n    directory: { " + options + " }\n",
                           "/config/pelton.yaml", kinds,
                           [](const std::string&) { return std::nullopt; });
}

SourceOptions source(const std::string& options) {
  const auto loaded = with(options, "to");
  return std::any_cast<SourceOptions>(loaded.config.value().connectors.at(0).settings);
}

// The folders that the connector may change.
std::vector<std::string> written(const std::string& options, const std::string& direction) {
  const auto loaded = with(options, direction);
  std::vector<std::string> folders;
  for (const config::Location& place : loaded.config.value().connectors.at(0).locations)
    if (place.written) folders.push_back(place.folder.string());
  return folders;
}

// "LINE:COLUMN CODE" of each error.
std::vector<std::string> errors(const std::string& options, const std::string& direction) {
  std::vector<std::string> all;
  for (const config::Diagnostic& d : with(options, direction).problems)
    if (d.severity == config::Severity::error)
      all.push_back(fmt::format("{}:{} {}", d.place.line, d.place.column, d.code));
  return all;
}

TEST(DirectoryOptions, ASourceTakesWhatItIsGiven) {
  const SourceOptions options = source(
      "path: /in/box/, create: false, match: \"*.jpg\", ignore: [], recursive: false, "
      "inline_limit: "
      "5B, settle: 1s, rescan: 2s, after: move, move_to: ../done");
  EXPECT_EQ(options.connector, "inbox");
  EXPECT_EQ(options.path, "/in/box");
  EXPECT_EQ(options.create, CreateFolder::no);
  EXPECT_FALSE(options.recursive);
  EXPECT_TRUE(options.names.wants_file(".a.jpg"));
  EXPECT_FALSE(options.names.wants_file("a.png"));
  EXPECT_EQ(options.inline_limit, 5U);
  EXPECT_EQ(options.settle, seconds(1));
  EXPECT_EQ(options.rescan, seconds(2));
  EXPECT_EQ(options.after, After::move);
  EXPECT_EQ(options.move_to, "/done");
}

TEST(DirectoryOptions, DefaultsAreThoseOfTheStruct) {
  const SourceOptions options = source("path: /in");
  EXPECT_EQ(options.settle, SourceOptions{}.settle);
  EXPECT_EQ(options.ignore, SourceOptions{}.ignore);
  EXPECT_FALSE(options.names.wants_file("a.part"));
  EXPECT_TRUE(options.names.wants_file("a.jpg"));
}

TEST(DirectoryOptions, AContradictionIsAtThePlaceOfItsOption) {
  EXPECT_THAT(errors("path: /in, after: move", "to"), ElementsAre("6:36 E2004"));
  EXPECT_THAT(errors("path: /in, match: []", "to"), ElementsAre("6:36 E2004"));
  EXPECT_THAT(errors("path: /in, move_to: /done", "to"), ElementsAre("6:38 E2004"));
  EXPECT_THAT(errors("path: /in, after: move, move_to: /in/", "to"), ElementsAre("6:51 E2004"));
}

TEST(DirectoryOptions, ASinkRefusesAModeThatIsNotOctalAndAnUnknownField) {
  for (const char* mode : {"rw", "4755", "0648"})
    EXPECT_THAT(errors(std::string("path: /out, mode: \"") + mode + "\"", "from"),
                ElementsAre("6:36 E2004"));
  for (const char* name : {"{user}", "a{id"})
    EXPECT_THAT(errors(std::string("path: /out, name: \"") + name + "\"", "from"),
                ElementsAre("6:36 E2004"));
}

TEST(DirectoryOptions, TheFoldersThatAConnectorMayChange) {
  EXPECT_THAT(written("path: /in", "to"), ElementsAre());
  EXPECT_THAT(written("path: /in, after: delete", "to"), ElementsAre("/in"));
  EXPECT_THAT(written("path: /in, after: move, move_to: /done", "to"), ElementsAre("/in", "/done"));
  EXPECT_THAT(written("path: /out", "from"), ElementsAre("/out"));
}

TEST(DirectoryOptions, ASinkReplacesFilesUnlessToldOtherwise) {
  const auto if_exists = [](const std::string& options) {
    const auto loaded = with(options, "from");
    return std::any_cast<SinkOptions>(loaded.config.value().connectors.at(0).settings).if_exists;
  };
  EXPECT_EQ(if_exists("path: /out"), IfExists::replace);
  EXPECT_EQ(if_exists("path: /out, if_exists: keep"), IfExists::keep);
  EXPECT_EQ(if_exists("path: /out, if_exists: version"), IfExists::version);
}

TEST(DirectoryOptions, EveryOptionIsDescribedOnce) {
  const config::ConnectorOptions options = describe_options();
  EXPECT_EQ(options.type, "directory");
  for (const auto* side : {&options.source, &options.sink}) {
    std::vector<std::string> names;
    for (const config::OptionSpec& option : (*side)->options.spec.options) {
      EXPECT_TRUE(option.sentence.ends_with('.')) << option.name;
      EXPECT_EQ(std::ranges::count(names, option.name), 0) << option.name;
      names.push_back(option.name);
    }
  }
}

TEST(Builtin, ListsTheDirectoryConnectorInBothDirections) {
  const auto specs = builtin_connectors();
  const auto spec = std::ranges::find(
      specs, "directory", [](const connector::ConnectorSpec& one) { return one.options.type; });
  ASSERT_NE(spec, specs.end());
  EXPECT_TRUE(spec->make_source);
  EXPECT_TRUE(spec->make_sink);
}

}  // namespace
}  // namespace pelton::directory
