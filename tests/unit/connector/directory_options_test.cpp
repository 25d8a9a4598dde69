// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"
#include "connectors/directory/options.h"
#include "tests/contract/memory_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pelton::directory {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

config::Connector with(config::OptionValues options) {
  config::Connector connector;
  connector.name = "inbox";
  connector.type = "directory";
  connector.options = std::move(options);
  return connector;
}

TEST(DirectoryOptions, ASourceTakesWhatItIsGiven) {
  const auto options = parse_source_options(with({{"path", fs::path("/in/box/")},
                                                  {"create", false},
                                                  {"match", std::vector<std::string>{"*.jpg"}},
                                                  {"ignore", std::vector<std::string>{}},
                                                  {"recursive", false},
                                                  {"inline_limit", std::uint64_t{5}},
                                                  {"settle", Duration(seconds(1))},
                                                  {"rescan", Duration(seconds(2))},
                                                  {"after", std::string("move")},
                                                  {"move_to", fs::path("/in/done")}}));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->path, "/in/box");
  EXPECT_EQ(options->create, CreateFolder::no);
  EXPECT_FALSE(options->recursive);
  EXPECT_TRUE(options->names.wants_file(".a.jpg"));
  EXPECT_FALSE(options->names.wants_file("a.png"));
  EXPECT_EQ(options->inline_limit, 5U);
  EXPECT_EQ(options->settle, seconds(1));
  EXPECT_EQ(options->rescan, seconds(2));
  EXPECT_EQ(options->after, After::move);
  EXPECT_EQ(options->move_to, "/in/done");
}

TEST(DirectoryOptions, AfterMoveAndMoveToBelongTogether) {
  for (const config::OptionValues& options :
       {config::OptionValues{{"path", fs::path("/in")}, {"after", std::string("move")}},
        config::OptionValues{{"path", fs::path("/in")}, {"move_to", fs::path("/done")}},
        config::OptionValues{{"path", fs::path("/in")},
                             {"after", std::string("move")},
                             {"move_to", fs::path("/in/")}}}) {
    const auto parsed = parse_source_options(with(options));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, "E2004");
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid);
  }
}

TEST(DirectoryOptions, ASinkRefusesAModeThatIsNotOctalAndAnUnknownField) {
  for (const config::OptionValues& options :
       {config::OptionValues{{"path", fs::path("/out")}, {"mode", std::string("rw")}},
        config::OptionValues{{"path", fs::path("/out")}, {"mode", std::string("4755")}},
        config::OptionValues{{"path", fs::path("/out")}, {"mode", std::string("0648")}},
        config::OptionValues{{"path", fs::path("/out")}, {"name", std::string("{user}")}},
        config::OptionValues{{"path", fs::path("/out")}, {"name", std::string("a{id")}}}) {
    const auto parsed = parse_sink_options(with(options));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, "E2004");
  }
}

TEST(DirectoryOptions, EveryOptionIsDescribedOnceAndHasADefaultOrIsRequiredOrOptional) {
  const config::ConnectorOptions options = describe_options();
  EXPECT_EQ(options.type, "directory");
  EXPECT_EQ(options.place_option, "path");
  for (const auto* list : {&options.source_options, &options.sink_options}) {
    std::vector<std::string> names;
    for (const config::OptionSpec& option : *list) {
      EXPECT_TRUE(option.sentence.ends_with('.')) << option.name;
      EXPECT_EQ(std::ranges::count(names, option.name), 0) << option.name;
      names.push_back(option.name);
      // The fallback of a list is one entry, whatever it looks like.
      if (option.type == config::OptionType::text_list) {
        EXPECT_FALSE(option.fallback.starts_with('[')) << option.name;
      }
    }
  }
}

TEST(Builtin, ListsTheDirectoryConnectorInBothDirections) {
  test::MemoryLedger ledger;
  const auto specs = builtin_connectors();
  const auto spec = std::ranges::find(
      specs, "directory", [](const connector::ConnectorSpec& one) { return one.options.type; });
  ASSERT_NE(spec, specs.end());
  const auto good = with({{"path", fs::path("/somewhere")}});
  EXPECT_TRUE(spec->make_source({good, ledger}));
  EXPECT_TRUE(spec->make_sink({good, ledger}));
  const auto bad = with({});
  EXPECT_EQ(spec->make_source({bad, ledger}).error().code, "E2004");
  EXPECT_EQ(spec->make_sink({bad, ledger}).error().code, "E2004");
}

}  // namespace
}  // namespace pelton::directory
