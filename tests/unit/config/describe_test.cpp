// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/describe.h"

#include "tests/unit/config/fixture.h"

namespace pelton::config {
namespace {

TEST(Describe, EveryTopicHasAText) {
  const auto kinds = sample_kinds();
  const auto topics = describe_topics(kinds);
  EXPECT_EQ(topics, (std::vector<std::string>{
                        "engine", "services", "stream", "connector", "function", "binding",
                        "listener", "route", "files-source", "files-sink", "feed-source",
                        "kafka-source", "kafka-sink", "python-runtime", "cpp-runtime", "filter"}));
  for (const std::string& topic : topics) EXPECT_TRUE(describe(topic, kinds)) << topic;
  EXPECT_FALSE(describe("bindign", kinds));
  EXPECT_FALSE(describe("", kinds));
}

TEST(Describe, AnOptionHasTypeDefaultAndBounds) {
  const auto text = *describe("binding", {});
  EXPECT_NE(text.find("retry.attempts  (a whole number; default 5; at least 1; at most 1000000)"),
            std::string::npos);
  EXPECT_NE(text.find("order  (one of key, partition, none; default key)"), std::string::npos);
}

TEST(Describe, ATypeIsBothOfItsDirections) {
  const auto kinds = sample_kinds();
  const auto text = *describe("files", kinds);
  EXPECT_NE(text.find("files-source:"), std::string::npos);
  EXPECT_NE(text.find("files-sink:"), std::string::npos);
  EXPECT_EQ(describe("streams", kinds), describe("stream", kinds));
}

TEST(Describe, ARuntimeHasItsOwnOptionsOnly) {
  const auto kinds = sample_kinds();
  const auto text = *describe("python", kinds);
  EXPECT_NE(text.find("python-runtime: A module."), std::string::npos);
  EXPECT_NE(text.find("handler  ("), std::string::npos);
  EXPECT_EQ(text.find("timeout"), std::string::npos);
  EXPECT_NE(describe("function", kinds)->find("runtime  (one of python, cpp; required)"),
            std::string::npos);
}

TEST(Describe, SectionsSayWhatTheyTake) {
  EXPECT_NE(describe("binding", sample_kinds())
                ->find("\n  retry  (a whole number (`attempts`) or a mapping)\n"),
            std::string::npos);
}

TEST(ReferencePages, ThereIsOneForEachTopicAndAnIndex) {
  const auto kinds = sample_kinds();
  const auto pages = reference_pages(kinds);
  for (const std::string& topic : describe_topics(kinds)) {
    ASSERT_TRUE(pages.contains(topic + ".md")) << topic;
    EXPECT_NE(pages.at("README.md").find("(" + topic + ".md)"), std::string::npos) << topic;
  }
  EXPECT_NE(pages.at("binding.md").find("| `retry.backoff.first` |"), std::string::npos);
}

// A bar would end the cell.
TEST(ReferencePages, BarsInCellsAreEscaped) {
  auto kinds = sample_kinds();
  kinds.connectors[0].source->options.spec.options[0].sentence = "a | b";
  EXPECT_NE(reference_pages(kinds).at("files-source.md").find("a \\| b"), std::string::npos);
}

}  // namespace
}  // namespace pelton::config
