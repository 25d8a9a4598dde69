// SPDX-License-Identifier: Apache-2.0
// What a partition holds in memory, in bytes.
#include "tests/unit/dispatch/memory_fixture.h"

namespace pelton::dispatch {
namespace {

TEST_F(Memory, NothingIsReadBeyondTheLimit) {
  for (int i = 0; room() > 0; ++i) offer_large(fmt::format("k{}", i));
  EXPECT_GE(bytes(), 300'000U);
  EXPECT_LT(bytes(), 300'000U + kOne);
  limits.events = 1;
  pull();
  done();
  EXPECT_GT(room(), 0U);
}

TEST_F(Memory, OneEventIsReadHoweverLarge) {
  options.delivery.max_unsettled_bytes = 1;
  EXPECT_GT(room(), 0U);
  offer_large("a");
  EXPECT_EQ(room(), 0U);
  EXPECT_EQ(pull(), "a0");
  done();
  EXPECT_GT(room(), 0U);
  EXPECT_EQ(bytes(), 0U);
}

TEST_F(Memory, AParkedEventKeepsNothingOfWhatIsSettledBehindIt) {
  offer_large("parked");
  pull();
  park({0});
  for (int i = 0; i < 300; ++i) {
    offer_large(fmt::format("k{}", i));
    ASSERT_NE(pull(), "") << i;
    done();
    ASSERT_LT(held(), 2 * kOne) << i;
  }
  EXPECT_LT(bytes(), 2 * kOne);
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(), "parked0");
  EXPECT_EQ(frame().batch->data(0).size(), kLarge);
}

// One of each batch is parked: what is held is those, not their batches.
TEST_F(Memory, ParkedEventsDoNotKeepTheirBatches) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_GT(room(), 0U) << i;
    offer_new(fmt::format("p{0}:small q{0}:{1} r{0}:{1}", i, std::string(kLarge, 'x')));
    ASSERT_EQ(pull(), fmt::format("p{0}{1} q{0}{2} r{0}{3}", i, 3 * i, 3 * i + 1, 3 * i + 2));
    park({0});
    ASSERT_LT(bytes(), 300'000U + 3 * kOne);
  }
  EXPECT_LT(held(), 300'000U + 3 * kOne);
  EXPECT_EQ(counts().retrying, 200U);
  pass(std::chrono::hours(1));
  const std::string again = pull();
  EXPECT_TRUE(again.starts_with("p00 p13 p26 ")) << again;
  EXPECT_EQ(frame().batch->size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) ASSERT_EQ(frame().batch->data(i), "small") << i;
}

// The same when the events were given out one by one while their batches were held in full.
TEST_F(Memory, WhatIsLeftOfAWindowThatWasFullIsGathered) {
  for (int i = 0; room() > 0; ++i)
    offer_new(fmt::format("p{0}:small q{0}:{1}", i, std::string(kLarge, 'x')));
  const std::uint64_t full = bytes();
  ASSERT_NE(pull(), "");
  std::vector<std::uint32_t> small;
  for (std::uint32_t i = 0; i < frame().batch->size(); i += 2) small.push_back(i);
  park(small);
  EXPECT_LT(bytes(), full / 4);
  EXPECT_EQ(counts().unsettled, small.size());
  EXPECT_GT(room(), 0U);
}

// One event is with a worker for long, and everything else of its batch is settled.
TEST_F(Memory, AnEventLongInFlightKeepsNothingOfItsBatch) {
  options.delivery.order = model::Order::none;
  limits.events = 1;
  std::string words = "slow:small";
  for (int i = 0; i < 12; ++i) words += fmt::format(" k{}:{}", i, std::string(kLarge, 'x'));
  offer_new(words);
  ASSERT_EQ(pull(1), "slow0");
  const model::Frame slow = frame();
  while (!pull(2).empty()) done({}, 2);
  EXPECT_LT(held(), kOne);
  EXPECT_LT(bytes(), kOne);
  finish(all_done(slow), slow);
  EXPECT_EQ(bytes(), 0U);
}

TEST_F(Memory, AParkedEventKeepsNothingOfItsBatch) {
  std::string words = "parked:small";
  for (int i = 0; i < 12; ++i) words += fmt::format(" k{}:{}", i, std::string(kLarge, 'x'));
  offer_new(words);
  ASSERT_NE(pull(), "");
  park({0});
  EXPECT_LT(bytes(), kOne);
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(), "parked0");
  EXPECT_EQ(frame().batch->data(0), "small");
}

TEST_F(Memory, ABatchThatThinsOutSlowlyShrinks) {
  options.delivery.max_unsettled_bytes = 10'000'000;
  limits.events = 1;
  std::string words;
  for (int i = 0; i < 160; ++i) words += fmt::format("k{}:{} ", i, std::string(kLarge, 'x'));
  offer_new(words);
  const std::uint64_t whole = bytes();
  std::vector<std::uint64_t> sizes{whole};
  while (!pull().empty()) {
    done();
    if (bytes() != sizes.back()) sizes.push_back(bytes());
  }
  ASSERT_EQ(sizes.size(), 4U) << "160, then 10, 2 and none";
  EXPECT_LT(sizes[1], 11 * kOne);
  EXPECT_LT(sizes[2], 3 * kOne);
  EXPECT_EQ(sizes[3], 0U);
}

class FilteredMemory : public Memory {
 protected:
  FilteredMemory() {
    config::FilterRule rule;
    rule.field.kind = config::FieldRef::Kind::key;
    config::Matcher matcher;
    matcher.text = "pass";
    rule.any_of.push_back(matcher);
    options.filter.push_back(rule);
  }
};

TEST_F(FilteredMemory, WhatDoesNotPassIsNotHeld) {
  offer_new("pass:parked");
  pull();
  park({0});
  for (int i = 0; i < 300; ++i) {
    ASSERT_GT(room(), 0U) << i;
    offer_new(fmt::format("a:{0} pass b:{0}", std::string(kLarge, 'x')));
    ASSERT_LT(held(), kOne) << i;
  }
  EXPECT_EQ(counts().unsettled, 301U);
  EXPECT_LT(bytes(), 300'000U);
}

TEST_F(FilteredMemory, NothingIsHeldOfABatchOfWhichNothingPasses) {
  offer_new("pass:parked");
  pull();
  park({0});
  const std::uint64_t before = bytes();
  for (int i = 0; i < 300; ++i) offer_large("other");
  EXPECT_EQ(bytes(), before);
  EXPECT_LT(held(), kOne);
}

TEST_F(FilteredMemory, GatheredEventsKeepTheirOffsets) {
  offer_new(fmt::format("a:{0} pass:one b:{0} pass:two", std::string(kLarge, 'x')));
  EXPECT_EQ(pull(), "pass1 pass3");
  EXPECT_EQ(frame().batch->data(0), "one");
  EXPECT_EQ(frame().batch->data(1), "two");
  done();
  EXPECT_EQ(counts().unsettled, 0U);
}

// Of the engine's memory, 400,000 bytes are free for this binding's events.
class SharedMemory : public Memory {
 protected:
  SharedMemory() { options.memory = &budget; }
  ~SharedMemory() override { stop(); }

  MemoryBudget budget{400'000 / 11 * 16};
};

TEST_F(SharedMemory, WhatIsHeldIsClaimedUntilItIsSettled) {
  offer_large("a");
  EXPECT_EQ(budget.claimed(MemoryUse::unsettled), bytes());
  pull();
  done();
  EXPECT_EQ(budget.claimed(MemoryUse::unsettled), 0U);
}

TEST_F(SharedMemory, ABatchThatTheTailKeepsAsWellIsClaimedOnce) {
  const auto batch = batch_of("a:" + std::string(kLarge, 'x'));
  const model::ClaimedBatch tail(batch, &budget, MemoryUse::tail);
  EXPECT_EQ(budget.claimed(MemoryUse::tail), batch->memory());
  offer_batch(batch);
  EXPECT_EQ(budget.claimed(MemoryUse::unsettled), batch->memory());
  EXPECT_EQ(budget.claimed(MemoryUse::tail), 0U);
  pull();
  done();
  EXPECT_EQ(budget.claimed(MemoryUse::unsettled), 0U);
  EXPECT_EQ(budget.claimed(MemoryUse::tail), batch->memory());
}

// The partition is far from its own limit, but others take what there is.
TEST_F(SharedMemory, WhileMemoryIsShortOnlyWhatIsUnsettledIsHeld) {
  options.delivery.max_unsettled_bytes = 10'000'000;
  budget.claim(MemoryUse::kafka, 1U << 20);
  std::string words;
  for (int i = 0; i < 100; ++i)
    words += fmt::format("p{0}:small q{0}:{1} ", i, std::string(1000, 'x'));
  offer_new(words);
  ASSERT_NE(pull(), "");
  std::vector<std::uint32_t> small;
  for (std::uint32_t i = 0; i < frame().batch->size(); i += 2) small.push_back(i);
  park(small);
  EXPECT_LT(bytes(), 100'000U) << "mostly histories";
}

TEST_F(SharedMemory, WhatOthersHoldIsNotThere) {
  budget.claim(MemoryUse::kafka, 300'000);
  for (int i = 0; room() > 0; ++i) offer_large(fmt::format("k{}", i));
  EXPECT_LT(bytes(), 400'000 / 11 + 100'000 + kOne);
  budget.give_back(MemoryUse::kafka, 300'000);
  EXPECT_GT(room(), 0U);
}

// Or as many batches as there are partitions would be held, whatever the limit.
TEST_F(SharedMemory, WhileMemoryIsShortPartitionsTakeTurns) {
  partitions = 2;
  budget.claim(MemoryUse::unsettled, 1U << 20);
  const auto want = [&](std::uint32_t p) { return dispatcher().wants(PartitionId{p}); };
  offer_large("a");
  EXPECT_EQ(want(1).events, 0U);
  EXPECT_TRUE(want(1).later);
  EXPECT_FALSE(want(0).later) << "it has something";
  ASSERT_EQ(pull(), "a0");
  EXPECT_GT(want(1).events, 0U) << "a worker may have something to do meanwhile";
}

TEST_F(SharedMemory, APartitionMayAlwaysHoldOne) {
  budget.claim(MemoryUse::unsettled, 1U << 20);
  EXPECT_GT(room(), 0U);
  offer_large("a");
  EXPECT_EQ(room(), 0U);
  EXPECT_EQ(pull(), "a0");
  done();
  EXPECT_GT(room(), 0U);
}

TEST_F(SharedMemory, APartitionThatGoesGivesBackWhatItHeld) {
  offer_large("a");
  dispatcher().revoke(PartitionId{0});
  EXPECT_EQ(budget.claimed(MemoryUse::unsettled), 0U);
}

TEST_F(SharedMemory, WithoutRoomForOutputsOneCommitIsUnderWay) {
  options.outputs = {{"out", StreamId{2}, 1}};
  limits.events = 1;
  offer("a b c");
  hold_commits();
  budget.claim(MemoryUse::outputs, 1U << 20);
  ASSERT_NE(pull(), "") << "nothing is under way";
  finish(outputs(frame(), "o:" + std::string(kLarge, 'o'), {0}));
  EXPECT_FALSE(dispatcher().has_work(now));
  EXPECT_EQ(pull(), "");
  release_commits();
  EXPECT_EQ(pull(), "b1");
  EXPECT_EQ(budget.claimed(MemoryUse::outputs), 1U << 20);
}

class PendingMemory : public Memory {
 protected:
  PendingMemory() {
    options.outputs = {{"out", StreamId{2}, 1}};
    options.max_pending_bytes = 3 * kLarge;
    limits.events = 1;
    hold_commits();
  }
  // The next event is done, with an output of kLarge bytes. False: it is not given out.
  bool make_output() {
    if (pull().empty()) return false;
    finish(outputs(frame(), "o:" + std::string(kLarge, 'o'), {0}));
    return true;
  }
};

TEST_F(PendingMemory, NothingIsGivenOutWhileMuchIsOnItsWayToTheStore) {
  offer("a b c d e f g h");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(make_output()) << i;
  EXPECT_FALSE(dispatcher().has_work(now));
  EXPECT_FALSE(make_output());
  release_commits();
  EXPECT_TRUE(dispatcher().has_work(now));
  EXPECT_TRUE(make_output());
}

TEST_F(PendingMemory, AnswersAreTakenAllTheSame) {
  offer("a b c d e f g h");
  std::vector<model::Frame> given;
  for (int i = 0; i < 6; ++i) {
    ASSERT_NE(pull(), "");
    given.push_back(frame());
  }
  for (const model::Frame& one : given)
    finish(outputs(one, "o:" + std::string(kLarge, 'o'), {0}), one);
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(pending(), 6U);
  release_commits();
  EXPECT_EQ(pull(), "g6");
}

TEST_F(PendingMemory, LettersAndHistoriesCountAsWell) {
  options.max_pending_bytes = 2000;
  offer("a b");
  pull();
  fail({0}, model::OutcomeCode::fail);
  pull();
  fail({0}, model::OutcomeCode::fail);
  offer("c");
  EXPECT_EQ(pull(), "");
  release_commits();
  EXPECT_EQ(pull(), "c2");
}

}  // namespace
}  // namespace pelton::dispatch
