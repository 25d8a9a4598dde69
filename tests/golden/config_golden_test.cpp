// SPDX-License-Identifier: Apache-2.0
// What `validate` says about each bad config of tests/golden/config. UPDATE_GOLDEN=1 writes the
// expectations again.
#include "engine/config/check.h"
#include "engine/config/load.h"
#include "engine/config/parts/kafka_fields.h"
#include "engine/worker/runtimes/builtin.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

// A connector type whose options are those of a topic.
struct TopicOptions {
  KafkaTopic topic;
  KafkaGroup group;
  Start start;
};

std::vector<Location> topic_read(const TopicOptions& options) {
  Location read = topic_location(options.topic, false);
  read.group = options.group.group;
  return {read};
}

std::vector<Location> topic_written(const TopicOptions& options) {
  return {topic_location(options.topic, true)};
}

ConnectorOptions topic_type() {
  const auto topic = [] {
    return Fields<TopicOptions>("", "").include(&TopicOptions::topic, kafka_topic_fields("", ""));
  };
  ConnectorOptions type{"kafka", "A topic.", {}, {}};
  type.source = connector_side(
      topic()
          .include(&TopicOptions::group, kafka_group_name_fields("The group."))
          .parsed("start", &TopicOptions::start, parse_start, start_text, "Where it begins.",
                  kStartDefault)
          .include(&TopicOptions::group, kafka_member_fields("", ""))
          .then([](const Section&, const std::string&, ReadContext& context, TopicOptions& out) {
            if (out.group.group.empty()) out.group.group = "pelton." + context.part;
          }),
      topic_read);
  type.sink = connector_side(topic(), topic_written);
  return type;
}

struct Sample {
  std::filesystem::path place;
};

std::vector<ConnectorOptions> connectors() {
  const auto fields = [] {
    return Fields<Sample>("", "").option("place", &Sample::place, "The folder.",
                                         {.required = true});
  };
  ConnectorOptions type{"sample", "Files.", {}, {}};
  type.source = connector_side<Sample>(fields(), [](const Sample& sample) {
    return std::vector{folder_location(sample.place, false)};
  });
  type.sink = connector_side<Sample>(fields(), [](const Sample& sample) {
    return std::vector{folder_location(sample.place, true)};
  });
  struct Nothing {};
  ConnectorOptions readonly{"readonly", "Has one direction.", {}, {}};
  readonly.source = connector_side<Nothing>(Fields<Nothing>("", ""),
                                            [](const Nothing&) { return std::vector<Location>{}; });
  return {type, readonly, topic_type()};
}

// With the runtimes of the engine, whose messages are part of what `validate` says.
Kinds kinds() {
  Kinds kinds{connectors(), {}};
  for (const worker::RuntimeSpec& runtime : worker::builtin_runtimes())
    kinds.runtimes.push_back(runtime.options);
  return kinds;
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
  const auto loaded = load(file, kinds(), environment);
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
