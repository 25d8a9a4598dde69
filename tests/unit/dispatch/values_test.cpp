// SPDX-License-Identifier: Apache-2.0
// The parts of the core by themselves: the window's ring, the retry policy, the index of keys.
#include "engine/dispatch/idempotency_index.h"
#include "engine/dispatch/retry_policy.h"
#include "engine/dispatch/window.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace pelton::dispatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(WindowTest, GrowsAndKeepsEverySlot) {
  Window window(5000, 1U << 30, nullptr);
  const auto batch = batch_of("a b c");
  for (int i = 0; i < 1500; ++i) {
    window.hold(batch, WallTime{});
    for (std::uint32_t k = 0; k < 3; ++k) window.push(k, i * 3 + k, 0);
  }
  EXPECT_EQ(window.unsettled(), 4500U);
  for (Position p = 0; p < 4500; ++p) ASSERT_EQ(window.at(p).offset, static_cast<Offset>(p));
}

TEST(WindowTest, SetsAsideWhatLingersAndLetsGoOfItsBatch) {
  Window window(2, 1U << 30, nullptr);
  std::weak_ptr<const model::Batch> released;
  {
    auto batch = batch_of("slow:x fast:y");
    released = batch;
    window.hold(batch, WallTime{});
    window.push(0, 0, 0);
    window.push(1, 1, 0);
  }
  window.at(0).state = SlotState::in_flight;
  window.settle(1);
  window.pop_settled();
  const auto next = batch_of("n");
  for (Offset offset = 2; offset < 10; ++offset) {
    window.hold(next, WallTime{});
    window.settle(window.push(0, offset, 0));
    window.pop_settled();
  }
  EXPECT_TRUE(released.expired());
  EXPECT_EQ(window.oldest(), 0U);
  EXPECT_EQ(window.at(0).batch().data(window.at(0).index), "x");
  EXPECT_EQ(window.batch_at(0)->size(), 1U);
  window.settle(0);
  window.pop_settled();
  EXPECT_EQ(window.unsettled(), 0U);
}

// The rest of a batch comes when its only unsettled event has been gone round.
TEST(WindowTest, SetsAsideAnEventOfTheBatchThatContinues) {
  Window window(2, 1U << 30, nullptr);
  const auto batch = batch_of("slow:x b:y c:z");
  window.hold(batch, WallTime{});
  window.push(0, 0, 0);
  window.at(0).state = SlotState::in_flight;
  window.settle(window.push(1, 1, 0));
  window.pop_settled();
  window.hold(batch, WallTime{});
  const Position last = window.push(2, 2, 0);
  EXPECT_EQ(window.at(last).batch().data(window.at(last).index), "z");
  EXPECT_EQ(window.at(0).batch().data(window.at(0).index), "x");
}

// ---- RetryPolicy
config::Retry retry(double jitter = 0) {
  config::Retry retry;
  retry.attempts = 10;
  retry.first = milliseconds(100);
  retry.factor = 3;
  retry.max = seconds(1);
  retry.jitter = jitter;
  return retry;
}

const WallTime kMoment{std::chrono::hours(1000)};

model::Failure raised() {
  return {0, model::OutcomeCode::retry, "ValueError", "no", "", std::nullopt, true};
}

TEST(RetryPolicyTest, DelaysGrowUpToTheirLimit) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  std::vector<Duration> delays;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(policy.failed(state, raised(), "w", kMoment).dead);
    delays.push_back(state.next - kMoment);
  }
  EXPECT_EQ(delays, (std::vector<Duration>{milliseconds(100), milliseconds(300), milliseconds(900),
                                           seconds(1)}));
}

TEST(RetryPolicyTest, JitterStaysInItsBoundsAndFollowsTheSeed) {
  auto delays = [](std::uint64_t seed) {
    RetryPolicy policy(retry(0.5), seed);
    std::vector<Duration> found;
    for (int i = 0; i < 50; ++i) {
      model::RetryState state;
      policy.failed(state, raised(), "w", kMoment);
      found.push_back(state.next - kMoment);
    }
    return found;
  };
  EXPECT_EQ(delays(1), delays(1));
  EXPECT_NE(delays(1), delays(2));
  for (const Duration delay : delays(1)) {
    EXPECT_GE(delay, milliseconds(50));
    EXPECT_LE(delay, milliseconds(150));
  }
}

TEST(RetryPolicyTest, AFunctionsOwnTimeIsTakenUpToADay) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  model::Failure asks = raised();
  asks.retry_after = std::chrono::hours(100);
  policy.failed(state, asks, "w", kMoment);
  EXPECT_EQ(state.next, kMoment + std::chrono::hours(24));
}

TEST(RetryPolicyTest, EndsWithTheMaximalAge) {
  config::Retry limited = retry();
  limited.max_age = seconds(10);
  RetryPolicy policy(limited, 1);
  model::RetryState state;
  EXPECT_FALSE(policy.failed(state, raised(), "w", kMoment).dead);
  EXPECT_FALSE(policy.too_late(state, kMoment + seconds(9)));
  EXPECT_TRUE(policy.too_late(state, kMoment + seconds(10)));
  const Verdict verdict = policy.failed(state, raised(), "w", kMoment + seconds(10));
  EXPECT_TRUE(verdict.dead);
  EXPECT_EQ(verdict.reason, "max_age");
}

// Its next attempt would come too late: nobody has to wait for that.
TEST(RetryPolicyTest, DoesNotWaitForAnAttemptBeyondTheMaximalAge) {
  config::Retry limited = retry();
  limited.max_age = seconds(10);
  RetryPolicy policy(limited, 1);
  model::RetryState state;
  model::Failure asks = raised();
  asks.retry_after = seconds(9);
  EXPECT_FALSE(policy.failed(state, asks, "w", kMoment).dead);
  EXPECT_EQ(policy.failed(state, asks, "w", kMoment + seconds(1)).reason, "max_age");
}

TEST(RetryPolicyTest, AClockThatWasAheadIsNotWaitedFor) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  model::Failure asks = raised();
  asks.retry_after = seconds(30);
  policy.failed(state, asks, "w", kMoment + std::chrono::hours(24));
  resume(state, retry(), kMoment);
  EXPECT_EQ(state.next, kMoment + seconds(30));
  EXPECT_EQ(state.first, kMoment);
}

TEST(RetryPolicyTest, ResumingChangesNothingWhileTheClockRunsOn) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  model::Failure asks = raised();
  asks.retry_after = seconds(30);
  policy.failed(state, asks, "w", kMoment);
  const model::RetryState before = state;
  resume(state, retry(), kMoment + seconds(10));
  EXPECT_EQ(state.next, before.next);
  EXPECT_EQ(state.first, before.first);
}

TEST(RetryPolicyTest, AnInfrastructureFaultOfAClockAheadIsNotWaitedFor) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  model::Failure fault = raised();
  fault.counts = false;
  policy.failed(state, fault, "w", kMoment + std::chrono::hours(24));
  resume(state, retry(), kMoment);
  EXPECT_LE(state.next, kMoment + retry().first);
}

// The clock was set back between an attempt that counts and one that does not.
TEST(RetryPolicyTest, AnInfrastructureFaultAfterAnAttemptOfAClockAheadIsWaitedFor) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  policy.failed(state, raised(), "w", kMoment + std::chrono::hours(24));
  model::Failure fault = raised();
  fault.counts = false;
  policy.failed(state, fault, "w", kMoment);
  resume(state, retry(), kMoment + Duration{1});
  EXPECT_EQ(state.next, kMoment + retry().first);
}

TEST(RetryPolicyTest, KeepsTheLatestOfALongHistory) {
  config::Retry many = retry();
  many.attempts = 100;
  RetryPolicy policy(many, 1);
  model::RetryState state;
  for (int i = 0; i < 15; ++i) policy.failed(state, raised(), "w", kMoment + seconds(i));
  ASSERT_EQ(state.history.size(), model::kMaxHistory);
  EXPECT_EQ(state.history.back().number, 15U);
  EXPECT_EQ(state.first, kMoment);
}

TEST(RetryPolicyTest, BoundsWhatAFunctionSays) {
  RetryPolicy policy(retry(), 1);
  model::RetryState state;
  model::Failure talks = raised();
  talks.message = talks.stack = std::string(1U << 20, 'x');
  policy.failed(state, talks, "w", kMoment);
  EXPECT_LE(state.history[0].message.size(), 4096U);
  EXPECT_LE(state.history[0].stack.size(), 16'384U);
}

// ---- FingerprintSet
TEST(FingerprintSetTest, HoldsWhatWasInserted) {
  FingerprintSet set;
  EXPECT_FALSE(set.contains({1, 2}));
  for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(set.insert(hash128(std::to_string(i)))) << i;
  for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(set.contains(hash128(std::to_string(i)))) << i;
  for (int i = 0; i < 200'000; ++i) ASSERT_FALSE(set.contains(hash128(std::to_string(-i - 1))));
  EXPECT_FALSE(set.insert(hash128("7")));
  EXPECT_EQ(set.size(), 200'000U);
}

TEST(FingerprintSetTest, Takes24BytesAtMost) {
  FingerprintSet set;
  for (int i = 1; i <= 2'000'000; ++i) {
    set.insert(hash128(std::to_string(i)));
    if (i < 100'000 || i % 1000 != 0) continue;
    ASSERT_LE(set.bytes(), 24U * set.size()) << i;
  }
}

TEST(FingerprintSetTest, EveryFingerprintCanBeHeld) {
  FingerprintSet set;
  const std::uint64_t most = UINT64_MAX;
  const Hash128 all[] = {{0, 0}, {0, 2}, {most, most}, {most, 0}, {0, most}, {most, most - 1}};
  for (const Hash128& each : all) EXPECT_FALSE(set.contains(each));
  for (const Hash128& each : all) EXPECT_TRUE(set.insert(each));
  for (const Hash128& each : all) EXPECT_TRUE(set.contains(each));
}

TEST(FingerprintSetTest, GivesItsMemoryBackPieceByPiece) {
  FingerprintSet set;
  for (int i = 0; i < 100'000; ++i) set.insert(hash128(std::to_string(i)));
  const std::uint64_t before = set.bytes();
  ASSERT_TRUE(set.shrink());
  EXPECT_LT(set.bytes(), before);
  EXPECT_GT(set.bytes(), before / 2);
  while (set.shrink()) {
  }
  EXPECT_EQ(set.bytes(), 0U);
}

// ---- IdempotencyIndex
void complete(IdempotencyIndex& index, const Hash128& fingerprint, WallTime time) {
  index.complete({&fingerprint, 1}, time);
}

config::Idempotency by(std::vector<config::FieldRef::Kind> kinds) {
  config::Idempotency idempotency;
  for (const auto kind : kinds) {
    config::FieldRef field;
    field.kind = kind;
    idempotency.key.push_back(field);
  }
  idempotency.ttl = seconds(10);
  return idempotency;
}

using Kind = config::FieldRef::Kind;

TEST(IdempotencyIndexTest, SeveralFieldsDoNotRunTogether) {
  IdempotencyIndex index(by({Kind::key, Kind::data}));
  const auto batch = batch_of("ab:c a:bc");
  EXPECT_NE(index.key_of(*batch, 0)->text, index.key_of(*batch, 1)->text);
}

TEST(IdempotencyIndexTest, AMissingFieldIsNoKey) {
  IdempotencyIndex index(by({Kind::key}));
  EXPECT_FALSE(index.key_of(*batch_of("-"), 0));
}

TEST(IdempotencyIndexTest, ForgetsByGeneration) {
  IdempotencyIndex index(by({Kind::key}));
  const Hash128 key{1, 2};
  const WallTime begin = model::generation_begin(kMoment, seconds(10));
  complete(index, key, begin + seconds(9));
  EXPECT_TRUE(index.completed(key, begin + seconds(9)));
  EXPECT_TRUE(index.completed(key, begin + seconds(19)));
  EXPECT_FALSE(index.completed(key, begin + seconds(20)));
  EXPECT_EQ(index.usage().keys, 0U);
}

TEST(IdempotencyIndexTest, AKeyThatIsCompletedAgainStays) {
  IdempotencyIndex index(by({Kind::key}));
  const Hash128 key{1, 2};
  const WallTime begin = model::generation_begin(kMoment, seconds(10));
  complete(index, key, begin);
  complete(index, key, begin + seconds(10));
  EXPECT_TRUE(index.completed(key, begin + seconds(29)));
}

TEST(IdempotencyIndexTest, AGenerationWithoutEventsCounts) {
  IdempotencyIndex index(by({Kind::key}));
  const WallTime begin = model::generation_begin(kMoment, seconds(10));
  complete(index, {1, 2}, begin);
  complete(index, {3, 4}, begin + seconds(25));
  EXPECT_FALSE(index.completed({1, 2}, begin + seconds(25)));
  EXPECT_TRUE(index.completed({3, 4}, begin + seconds(25)));
}

TEST(IdempotencyIndexTest, AClockThatGoesBackForgetsNothing) {
  IdempotencyIndex index(by({Kind::key}));
  complete(index, {1, 2}, kMoment);
  complete(index, {3, 4}, kMoment - std::chrono::hours(1));
  EXPECT_TRUE(index.completed({1, 2}, kMoment - std::chrono::hours(1)));
  EXPECT_TRUE(index.completed({3, 4}, kMoment));
}

TEST(IdempotencyIndexTest, IsBoundedInBytes) {
  config::Idempotency options = by({Kind::key});
  options.memory = 4U << 20;
  IdempotencyIndex index(options);
  std::uint64_t most = 0;
  for (int i = 0; i < 500'000; ++i) {
    complete(index, hash128(std::to_string(i)), kMoment);
    most = std::max(most, index.usage().bytes);
  }
  EXPECT_LE(most, options.memory + options.memory / 2) << "what is forgotten goes little by little";
  EXPECT_LE(index.usage().bytes, options.memory + 1024);
  EXPECT_EQ(index.usage().keys + index.usage().forgotten_early, 500'000U);
  EXPECT_TRUE(index.completed(hash128("499999"), kMoment));
  EXPECT_TRUE(index.completed(hash128("420000"), kMoment))
      << "half of the memory is the newest keys'";
  EXPECT_FALSE(index.completed(hash128("0"), kMoment));
}

TEST(IdempotencyIndexTest, OneHolderAtATime) {
  IdempotencyIndex index(by({Kind::key}));
  const Hash128 key{1, 2};
  EXPECT_TRUE(index.acquire(key, {0, 1}));
  EXPECT_TRUE(index.acquire(key, {0, 1}));
  EXPECT_FALSE(index.acquire(key, {0, 2}));
  EXPECT_FALSE(index.acquire(key, {0, 2}));
  EXPECT_FALSE(index.acquire(key, {1, 2}));
  EXPECT_EQ(index.release(key).size(), 2U);
  EXPECT_TRUE(index.acquire(key, {1, 2}));
}

}  // namespace
}  // namespace pelton::dispatch
