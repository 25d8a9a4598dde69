// SPDX-License-Identifier: Apache-2.0
// What `validate` says about each bad config of tests/golden/config. UPDATE_GOLDEN=1 writes the
// expectations again.
#include "engine/config/load.h"
#include "engine/config/specs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

// A connector type whose options are those of a topic.
ConnectorOptions topic_type() {
  const SectionSpec spec = kafka_topic_spec("");
  ConnectorOptions type;
  type.type = "kafka";
  type.sentence = "A topic.";
  type.source = type.sink = type.topic = true;
  type.source_options = type.sink_options = spec.options;
  for (OptionSpec& option : kafka_member_options()) type.source_options.push_back(option);
  type.source_sections = type.sink_sections = spec.sections;
  return type;
}

std::vector<ConnectorOptions> sample() {
  ConnectorOptions type;
  type.type = "sample";
  type.sentence = "Files.";
  type.source = type.sink = true;
  OptionSpec place;
  place.name = "place";
  place.type = OptionType::path;
  place.sentence = "The folder.";
  place.required = true;
  type.source_options = type.sink_options = {place};
  type.place_option = "place";
  ConnectorOptions readonly;
  readonly.type = "readonly";
  readonly.sentence = "Has one direction.";
  readonly.source = true;
  return {type, readonly, topic_type()};
}

constexpr const char* kSecret = "hunter2-sesame";

std::optional<std::string> environment(const std::string& name) {
  if (name == "SECRET") return kSecret;
  return std::nullopt;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class ConfigGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(ConfigGolden, SaysTheSame) {
  const fs::path folder = PELTON_GOLDEN;
  const fs::path file = folder / (GetParam() + ".yaml");
  const auto connectors = sample();
  const auto loaded = load(file, connectors, environment);
  std::string said;
  for (const Diagnostic& problem : loaded.problems)
    said += problem.text(GetParam() + ".yaml") + "\n";
  // Messages name absolute paths; the folder is not the same everywhere.
  for (std::size_t at = 0; (at = said.find(folder.string(), at)) != std::string::npos;)
    said.replace(at, folder.string().size(), "FOLDER");
  EXPECT_FALSE(loaded.problems.empty());
  EXPECT_EQ(said.find(kSecret), std::string::npos);
  const fs::path expected = folder / (GetParam() + ".expected");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << said;
  EXPECT_EQ(said, text_of(expected));
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(PELTON_GOLDEN))
    if (entry.path().extension() == ".yaml") all.push_back(entry.path().stem().string());
  std::sort(all.begin(), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, ConfigGolden, ::testing::ValuesIn(names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace pelton::config
