// SPDX-License-Identifier: Apache-2.0
#include "engine/model/records.h"

#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

namespace pelton::model {
namespace {

Attempt attempt(std::uint32_t number, std::size_t message = 10, std::size_t stack = 0) {
  return {
      number, WallTime{}, "error", "ValueError", std::string(message, 'm'), std::string(stack, 's'),
      "f-1"};
}

RetryState failed(std::uint32_t attempts, std::size_t message, std::size_t stack = 0) {
  RetryState state;
  for (std::uint32_t n = 1; n <= attempts; ++n) add_attempt(state, attempt(n, message, stack));
  return state;
}

std::vector<std::uint32_t> numbers(const RetryState& state) {
  std::vector<std::uint32_t> all;
  for (const Attempt& one : state.history) all.push_back(one.number);
  return all;
}

TEST(HistoryTest, KeepsSmallAttemptsWhole) {
  const RetryState state = failed(3, 1000, 2000);
  EXPECT_EQ(numbers(state), (std::vector<std::uint32_t>{1, 2, 3}));
  for (const Attempt& one : state.history) {
    EXPECT_EQ(one.message.size(), 1000U);
    EXPECT_EQ(one.stack.size(), 2000U);
  }
}

TEST(HistoryTest, KeepsTheLatest) {
  EXPECT_EQ(numbers(failed(12, 1)), (std::vector<std::uint32_t>{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(HistoryTest, ShortensTheOldestFirst) {
  const RetryState state = failed(4, 4096, 6000);
  EXPECT_LE(bytes_of(state), kMaxHistoryBytes);
  EXPECT_EQ(state.history[0].message, std::string(256, 'm') + "... (shortened)");
  EXPECT_EQ(state.history[0].stack, "(dropped)");
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(state.history[i].stack.size(), 6000U) << i;
}

TEST(HistoryTest, ShortensOnceOnly) {
  const RetryState state = failed(10, 4096, 16'384);
  EXPECT_EQ(state.history.size(), 10U);
  EXPECT_EQ(state.history[0].message, std::string(256, 'm') + "... (shortened)");
  EXPECT_LE(bytes_of(state), kMaxHistoryBytes);
}

TEST(HistoryTest, TheNewestStaysWholeWhateverItTakes) {
  RetryState state = failed(3, 10);
  add_attempt(state, attempt(4, 100'000));
  EXPECT_EQ(numbers(state), std::vector<std::uint32_t>{4});
  EXPECT_EQ(state.history[0].message.size(), 100'000U);
}

Transaction::RetryUpdate update(std::uint32_t number, bool appends) {
  Transaction::RetryUpdate update;
  update.state = RetryState{number, 0, WallTime{Duration{number}}, {}, {attempt(number)}};
  update.appends = appends;
  return update;
}

TEST(RetryUpdateTest, ReplacesOrAddsToWhatIsStored) {
  RetryState stored;
  apply(update(1, false), stored);
  apply(update(2, true), stored);
  EXPECT_EQ(stored.attempts, 2U);
  EXPECT_EQ(stored.next, WallTime{Duration{2}});
  EXPECT_EQ(numbers(stored), (std::vector<std::uint32_t>{1, 2}));
  apply(update(1, false), stored);
  EXPECT_EQ(numbers(stored), std::vector<std::uint32_t>{1});
}

TEST(RetryUpdateTest, AnAttemptThatDoesNotCountAddsNone) {
  RetryState stored;
  apply(update(1, false), stored);
  Transaction::RetryUpdate none = update(1, true);
  none.state->history.clear();
  apply(none, stored);
  EXPECT_EQ(numbers(stored), std::vector<std::uint32_t>{1});
}

BatchPtr batch(std::size_t bytes) {
  const std::string data(bytes, 'd');
  EventView event;
  event.data = data;
  BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

TEST(TransactionTest, WeighsAllThatItCarries) {
  EXPECT_EQ(bytes_of(Transaction{}), 0U);
  constexpr std::size_t kMuch = 10'000;
  Transaction transaction;
  std::size_t before = 0;
  const auto grew = [&] {
    const std::size_t now = bytes_of(transaction);
    return now - std::exchange(before, now) >= kMuch;
  };
  transaction.appends.push_back({{}, batch(kMuch)});
  EXPECT_TRUE(grew());
  transaction.progress.push_back({{}, {}, {0, std::vector<OffsetRange>(kMuch)}});
  EXPECT_TRUE(grew());
  transaction.retries.push_back({{}, {}, 0, failed(1, kMuch), false});
  EXPECT_TRUE(grew());
  transaction.dead_letters.emplace_back().retry = failed(1, kMuch);
  EXPECT_TRUE(grew());
  transaction.dead_letters.emplace_back().event = batch(kMuch);
  EXPECT_TRUE(grew());
  transaction.idempotency.emplace_back().fingerprints.resize(kMuch / sizeof(Hash128));
  EXPECT_TRUE(grew());
}

}  // namespace
}  // namespace pelton::model
