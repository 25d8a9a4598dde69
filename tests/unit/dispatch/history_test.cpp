// SPDX-License-Identifier: Apache-2.0
// What is kept of failed attempts: in memory the last one, in the store all.
#include "tests/unit/dispatch/memory_fixture.h"

namespace pelton::dispatch {
namespace {

class HistoryMemory : public Memory {
 protected:
  HistoryMemory() {
    options.delivery.retry.attempts = 1000;
    options.delivery.retry.first = options.delivery.retry.max = std::chrono::seconds(1);
  }
  // Every event of the next frame fails with a message of so many bytes.
  bool fail_at_length(std::size_t bytes) {
    pass(std::chrono::seconds(1));
    if (pull().empty()) return false;
    model::FrameResult result = all_done(frame());
    for (std::uint32_t i = 0; i < result.count; ++i)
      result.not_done.push_back({i, model::OutcomeCode::retry, "ValueError",
                                 std::string(bytes, 'm'), std::string(bytes, 's'), std::nullopt,
                                 true});
    finish(std::move(result));
    return true;
  }
};

TEST_F(HistoryMemory, EachAttemptIsWrittenOnce) {
  offer("a");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(fail_at_length(1000)) << i;
  for (const auto& transaction : transactions())
    EXPECT_LT(model::bytes_of(transaction), 3'000U) << "not what was written before";
}

TEST_F(HistoryMemory, AHistoryIsBoundedAndSaysWhatItLacks) {
  offer("a");
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(fail_at_length(1U << 20)) << i;
  pass(std::chrono::seconds(1));
  pull();
  answer("f");
  const auto& history = letter(0).retry.history;
  EXPECT_EQ(letter(0).retry.attempts, 51U);
  EXPECT_EQ(history.size(), model::kMaxHistory);
  EXPECT_EQ(history.back().number, 51U);
  EXPECT_EQ(history[8].message.size(), 4096U) << "the newest are whole";
  EXPECT_TRUE(history.front().message.ends_with("... (shortened)")) << history.front().message;
  EXPECT_EQ(history.front().stack, "(dropped)");
}

TEST_F(HistoryMemory, IsOfTheLastAttemptOnly) {
  offer("a");
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(fail_at_length(1U << 20)) << i;
  EXPECT_LT(bytes(), 1'500U);
  const auto parked = dispatcher().parked(1);
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].retry->attempts, 9U);
  ASSERT_EQ(parked[0].retry->history.size(), 1U);
  EXPECT_EQ(parked[0].retry->history.back().number, 9U);
  EXPECT_EQ(parked[0].retry->history.back().message, std::string(200, 'm') + "...");
}

TEST_F(HistoryMemory, ALetterWithoutAnotherAttemptHasAllThatWere) {
  options.delivery.retry.max_age = std::chrono::seconds(90);
  options.delivery.retry.first = options.delivery.retry.max = std::chrono::seconds(50);
  offer("a");
  pull();
  answer("r");
  pass(std::chrono::seconds(100));
  EXPECT_EQ(pull(), "");
  ASSERT_EQ(letters(), std::vector<std::string>{"0/0 max_age"});
  ASSERT_EQ(letter(0).retry.history.size(), 1U);
  EXPECT_EQ(letter(0).retry.history[0].worker, "charge-1") << "which memory does not keep";
}

TEST_F(HistoryMemory, ARestartKnowsTheWholeHistory) {
  offer("a");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(fail_at_length(10)) << i;
  restart();
  ASSERT_TRUE(fail_at_length(10));
  restart();
  pass(std::chrono::seconds(1));
  pull();
  answer("f");
  ASSERT_EQ(letter(0).retry.history.size(), 6U);
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_EQ(letter(0).retry.history[i].number, i + 1);
}

TEST_F(HistoryMemory, WhatIsKeptCountsInTheLimit) {
  std::string words;
  for (int i = 0; i < 20; ++i) words += fmt::format("k{} ", i);
  options.delivery.max_unsettled_bytes = 5'000;
  offer(words);
  EXPECT_GT(room(), 0U);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(fail_at_length(4000)) << i;
  EXPECT_GT(bytes(), 20 * 200U);
  EXPECT_LT(bytes(), 20 * 1'000U);
  EXPECT_EQ(room(), 0U);
  pass(std::chrono::seconds(1));
  while (!pull().empty()) done();
  EXPECT_GT(room(), 0U);
  EXPECT_EQ(bytes(), 0U);
}

TEST_F(HistoryMemory, RestoredHistoriesLetTheirEventsIn) {
  std::string words;
  for (int i = 0; i < 20; ++i) words += fmt::format("k{} ", i);
  offer(words);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(fail_at_length(4000)) << i;
  options.delivery.max_unsettled_bytes = 1000;
  restart();
  pass(std::chrono::seconds(1));
  EXPECT_NE(pull(), "");
}

}  // namespace
}  // namespace pelton::dispatch
