// SPDX-License-Identifier: Apache-2.0
#include "engine/model/outputs.h"

#include "engine/model/batch_builder.h"

#include <gmock/gmock.h>

namespace pelton::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A result whose outputs have one letter each, made by the events from 4 on in turns.
struct OutputsTest : ::testing::Test {
  std::vector<OutputStream> streams{
      {"bills", StreamId{1}, 3}, {"alerts", StreamId{2}, 1}, {"orders", {}, 0}};
  FrameResult result;

  void outputs(std::string_view letters, std::vector<std::uint32_t> of = {}) {
    BatchBuilder builder;
    for (const char& letter : letters) {
      EventView event;
      event.data = {&letter, 1};
      builder.add(event);
    }
    result.first = 4;
    result.count = static_cast<std::uint32_t>(letters.size());
    result.outputs = builder.finish();
    result.streams = {"orders", "alerts", "unknown"};
    result.output_streams = std::move(of);
  }
  static std::string text(const BatchPtr& batch) {
    std::string all;
    for (std::size_t i = 0; batch && i < batch->size(); ++i) all += batch->data(i);
    return all;
  }
  // "0:ac 2:b": what goes to which of the streams.
  std::string split() const {
    std::string all;
    for (const StreamPart& part : split_by_stream(result, streams))
      all += fmt::format("{}{}:{}", all.empty() ? "" : " ", part.stream, text(part.batch));
    return all;
  }
};

TEST_F(OutputsTest, WithoutNamesAllGoToTheFirstStream) {
  outputs("abc");
  EXPECT_EQ(split(), "0:abc");
  EXPECT_EQ(split_by_stream(result, streams)[0].batch, result.outputs) << "not copied";
  outputs("abc", {0, 0, 0});
  EXPECT_EQ(split(), "0:abc");
}

TEST_F(OutputsTest, OfOneStreamTheyAreNotCopied) {
  outputs("ab", {1, 1});
  EXPECT_EQ(split(), "2:ab");
  EXPECT_EQ(split_by_stream(result, streams)[0].batch, result.outputs);
}

TEST_F(OutputsTest, NamedOnesGoWhereTheySayInTheirOrder) {
  outputs("abcde", {0, 1, 2, 1, 0});
  EXPECT_EQ(split(), "0:ae 1:c 2:bd");
  EXPECT_THAT(split_by_stream(result, streams)[2].positions, ElementsAre(1, 3));
}

TEST_F(OutputsTest, ABindingWithoutStreamsHasNoParts) {
  streams.clear();
  outputs("ab", {0, 1});
  EXPECT_EQ(split(), "");
  result = {};
  EXPECT_EQ(split(), "");
}

TEST_F(OutputsTest, AnUnknownStreamFailsTheEventThatNamesIt) {
  outputs("abcd", {0, 3, 0, 2});
  result.output_parents = {4, 5, 5, 7};
  fail_unknown_streams(result, streams);
  ASSERT_EQ(result.not_done.size(), 1U);
  EXPECT_EQ(result.not_done[0].index, 5U);
  EXPECT_EQ(result.not_done[0].code, OutcomeCode::retry) << "the config may be wrong";
  EXPECT_TRUE(result.not_done[0].counts);
  EXPECT_EQ(result.not_done[0].type, "UnknownStream");
  EXPECT_THAT(result.not_done[0].message, HasSubstr("\"unknown\""));
  EXPECT_THAT(result.not_done[0].message, HasSubstr("bills, alerts, orders"));
  EXPECT_EQ(split(), "0:a 1:d") << "its other output is dropped";
  EXPECT_THAT(result.output_parents, ElementsAre(4, 7));
}

TEST_F(OutputsTest, KnownStreamsFailNothing) {
  outputs("ab", {1, 2});
  fail_unknown_streams(result, streams);
  EXPECT_THAT(result.not_done, IsEmpty());
  EXPECT_THAT(result.output_parents, IsEmpty()) << "as it was";
}

TEST_F(OutputsTest, WithoutAnyOutputLeftThereIsNoBatch) {
  outputs("ab", {3, 3});
  fail_unknown_streams(result, streams);
  EXPECT_EQ(result.outputs, nullptr);
  EXPECT_THAT(result.output_streams, IsEmpty());
  EXPECT_EQ(result.not_done.size(), 2U);
}

}  // namespace
}  // namespace pelton::model
