// SPDX-License-Identifier: Apache-2.0
// Events that wait and are not kept in memory.
#include "tests/unit/dispatch/memory_fixture.h"

namespace pelton::dispatch {
namespace {

// Parked events of 1,000 bytes and more are not kept.
class ReleasedMemory : public Memory {
 protected:
  ReleasedMemory() { options.release_from = 1000; }
  // Offers an event whose batch can be read again.
  void offer_stored(const std::string& key, std::size_t bytes = kLarge) {
    stored.push_back(batch_of(key + ":" + std::string(bytes, 'x')));
    dispatcher().offer(PartitionId{0}, static_cast<Offset>(stored.size()) - 1, stored.back(), now,
                       commits);
    confirm();
  }
  std::vector<Reread> reads() {
    std::vector<Reread> out;
    dispatcher().reread(out);
    return out;
  }
  void give(const Reread& read) {
    dispatcher().again(read, read.offset, stored[static_cast<std::size_t>(read.offset)], now,
                       commits);
    confirm();
  }
  void lose(const Reread& read) {
    dispatcher().again(read, 0, nullptr, now, commits);
    confirm();
  }
  // "a" fails and waits for its next attempt.
  void park_one() {
    offer_stored("a");
    pull();
    park({0});
  }

  std::vector<model::BatchPtr> stored;
};

TEST_F(ReleasedMemory, ParkedEventsTakeNoMemoryAndBlockNothing) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_GT(room(), 0U) << i;
    offer_stored(fmt::format("k{}", i));
    stored.back().reset();
    ASSERT_NE(pull(), "");
    park({0});
  }
  EXPECT_EQ(counts().retrying, 1000U);
  EXPECT_LT(bytes(), 300'000U) << "only attempts, some hundred bytes each";
}

// A worker gives back what waits behind an event that failed: nothing of it is kept.
TEST_F(ReleasedMemory, WhatIsGivenBackBehindAParkedEventTakesNoMemory) {
  offer_stored("a");
  offer_stored("a");
  ASSERT_EQ(pull(), "a0 a1");
  const model::Frame both = frame();
  model::FrameResult failed;
  failed.count = 1;
  failed.not_done.push_back({0, model::OutcomeCode::retry, "Trouble", "", "", {}, true});
  finish(failed, both);
  give_back(both, 1);
  EXPECT_LT(bytes(), 1000U);
  offer_stored("b");
  EXPECT_EQ(pull(), "b2");
}

TEST_F(ReleasedMemory, AParkedEventIsReadAgainWhenItIsDue) {
  park_one();
  EXPECT_TRUE(reads().empty());
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(), "") << "its bytes are not here";
  EXPECT_FALSE(dispatcher().has_work(now));
  const auto asked = reads();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].offset, 0);
  EXPECT_TRUE(reads().empty()) << "once";
  give(asked[0]);
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(frame().batch->data(0).size(), kLarge);
  EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{2});
  done();
  EXPECT_EQ(bytes(), 0U);
  EXPECT_EQ(counts().cursor, 1);
}

TEST_F(ReleasedMemory, WhatIsReadAgainMayFailAgain) {
  options.delivery.retry.attempts = 10;
  park_one();
  for (int attempt = 2; attempt < 5; ++attempt) {
    pass(std::chrono::hours(1));
    pull();
    give(reads().at(0));
    ASSERT_EQ(pull(), "a0");
    park({0});
    EXPECT_LT(bytes(), kLarge);
  }
  pass(std::chrono::hours(1));
  pull();
  give(reads().at(0));
  pull();
  answer("f");
  EXPECT_EQ(letter(0).event->data(0).size(), kLarge);
}

// What is left of a batch is gathered with gaps; events that were in the gaps are read again.
TEST_F(ReleasedMemory, AFrameOfAGatheredBatchAndWhatLiesInItsGapsHasItsOwnEvents) {
  options.delivery.order = model::Order::none;
  std::string words;
  for (int i = 0; i < 30; ++i)
    words += fmt::format("k{}:{} ", i, i == 2 || i == 3 ? std::string(kLarge, 'x') : "small");
  offer(words);
  pull();
  model::FrameResult result = all_done(frame());
  for (std::uint32_t i = 0; i < 6; ++i) {
    const bool large = i == 2 || i == 3;
    const auto after = large ? std::chrono::seconds(1) : std::chrono::seconds(i % 5 == 0 ? 2 : 60);
    result.not_done.push_back({i, model::OutcomeCode::retry, "Trouble", "", "", after, true});
  }
  finish(result);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "");
  const auto asked = reads();
  ASSERT_EQ(asked.size(), 2U);
  for (const Reread& read : asked) {
    dispatcher().again(read, read.offset,
                       batch_of(fmt::format("k{}:{}", read.offset, std::string(kLarge, 'x'))), now,
                       commits);
    confirm();
  }
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "k00 k22 k33 k55");
  EXPECT_EQ(frame().batch->size(), 4U);
  EXPECT_EQ(frame().batch->data(1).size(), kLarge);
}

TEST_F(ReleasedMemory, SmallEventsAreKept) {
  offer_stored("a", 10);
  pull();
  park({0});
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(), "a0");
}

TEST_F(ReleasedMemory, WhatWaitsBehindItIsLetGoAsWell) {
  offer_stored("a");
  pull();
  offer_stored("a");
  EXPECT_EQ(pull(), "") << "behind the one in flight";
  park({0});
  for (int i = 0; i < 100; ++i) {
    ASSERT_GT(room(), 0U) << i;
    offer_stored("a");
    EXPECT_EQ(pull(), "");
  }
  pass(std::chrono::hours(1));
  for (Offset offset = 0; offset < 102; ++offset) {
    ASSERT_EQ(pull(), "");
    const auto asked = reads();
    ASSERT_EQ(asked.size(), 1U) << offset;
    give(asked[0]);
    ASSERT_EQ(pull(), fmt::format("a{}", offset));
    done();
  }
  EXPECT_EQ(counts().unsettled, 0U);
}

TEST_F(ReleasedMemory, AnEventThatIsGoneIsSettledAndCounted) {
  park_one();
  offer_stored("a");
  pass(std::chrono::hours(1));
  pull();
  lose(reads().at(0));
  EXPECT_EQ(dispatcher().totals().lost, 1U);
  EXPECT_EQ(counts().cursor, 1);
  pull();
  give(reads().at(0));
  EXPECT_EQ(pull(), "a1") << "what waited behind it goes on";
}

TEST_F(ReleasedMemory, AnAnswerAfterTheRevokeIsDropped) {
  park_one();
  pass(std::chrono::hours(1));
  pull();
  const auto asked = reads();
  dispatcher().revoke(PartitionId{0});
  give(asked.at(0));
  dispatcher().assign(PartitionId{0}, {});
  give(asked.at(0));
  EXPECT_EQ(counts().unsettled, 0U);
}

TEST_F(ReleasedMemory, FewAreReadAtATime) {
  for (int i = 0; i < 200; ++i) offer_stored(fmt::format("k{}", i), 1000);
  while (!pull().empty()) answer(std::string(frame().batch->size(), 'r'));
  pass(std::chrono::hours(1));
  pull();
  const auto asked = reads();
  EXPECT_GT(asked.size(), 1U);
  EXPECT_LT(asked.size(), 50U);
  for (const Reread& read : asked) give(read);
  EXPECT_FALSE(reads().empty());
}

TEST_F(ReleasedMemory, WithoutMemoryOneIsReadAtATime) {
  MemoryBudget budget(400'000);
  options.memory = &budget;
  for (int i = 0; i < 20; ++i) offer_stored(fmt::format("k{}", i));
  while (!pull().empty()) answer(std::string(frame().batch->size(), 'r'));
  budget.claim(MemoryUse::unsettled, 1U << 20);
  pass(std::chrono::hours(1));
  pull();
  const auto asked = reads();
  ASSERT_EQ(asked.size(), 1U);
  give(asked[0]);
  EXPECT_EQ(reads().size(), 1U);
  stop();
}

}  // namespace
}  // namespace pelton::dispatch
