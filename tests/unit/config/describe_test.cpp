// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/describe.h"

#include "tests/unit/config/fixture.h"

namespace pelton::config {
namespace {

TEST(Describe, EveryTopicHasAText) {
  const auto types = sample_types();
  const auto topics = describe_topics(types);
  EXPECT_EQ(topics, (std::vector<std::string>{
                        "engine", "stream", "connector", "function", "binding", "files-source",
                        "files-sink", "feed-source", "kafka-source", "kafka-sink", "filter"}));
  for (const std::string& topic : topics) EXPECT_TRUE(describe(topic, types)) << topic;
  EXPECT_FALSE(describe("bindign", types));
  EXPECT_FALSE(describe("", types));
}

TEST(Describe, AnOptionHasTypeDefaultAndBounds) {
  const auto text = *describe("binding", {});
  EXPECT_NE(text.find("retry.attempts  (a whole number; default 5; at least 1; at most 1000000)"),
            std::string::npos);
  EXPECT_NE(text.find("order  (one of key, partition, none; default key)"), std::string::npos);
}

TEST(Describe, ATypeIsBothOfItsDirections) {
  const auto types = sample_types();
  const auto text = *describe("files", types);
  EXPECT_NE(text.find("files-source:"), std::string::npos);
  EXPECT_NE(text.find("files-sink:"), std::string::npos);
  EXPECT_EQ(describe("streams", types), describe("stream", types));
}

TEST(ReferencePages, ThereIsOneForEachTopicAndAnIndex) {
  const auto types = sample_types();
  const auto pages = reference_pages(types);
  for (const std::string& topic : describe_topics(types)) {
    ASSERT_TRUE(pages.contains(topic + ".md")) << topic;
    EXPECT_NE(pages.at("README.md").find("(" + topic + ".md)"), std::string::npos) << topic;
  }
  EXPECT_NE(pages.at("binding.md").find("| `retry.backoff.first` |"), std::string::npos);
}

// A bar would end the cell.
TEST(ReferencePages, BarsInCellsAreEscaped) {
  auto types = sample_types();
  types[0].source->spec.options[0].sentence = "a | b";
  EXPECT_NE(reference_pages(types).at("files-source.md").find("a \\| b"), std::string::npos);
}

}  // namespace
}  // namespace pelton::config
