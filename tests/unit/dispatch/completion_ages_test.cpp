// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/completion_ages.h"

#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

constexpr std::int64_t kNowUs = 1'800'000'000'000'000;

class CompletionAgesTest : public ::testing::Test {
 protected:
  CompletionAges ages_;

  void done(std::int64_t age_us, int times = 1) {
    for (int i = 0; i < times; ++i) ages_.add(kNowUs - age_us, kNowUs);
  }
  std::uint64_t count(double up_to) const {
    const auto bound = std::ranges::find(kHistogramBounds, up_to);
    return ages_.counts().buckets.at(static_cast<std::size_t>(bound - kHistogramBounds.begin()));
  }
};

TEST_F(CompletionAgesTest, AnAgeIsInTheBucketThatReachesUpToIt) {
  done(0);
  done(250);
  done(251);
  done(1'000'000, 3);
  done(1'000'001);
  EXPECT_EQ(count(0.00025), 2U);
  EXPECT_EQ(count(0.0005), 1U);
  EXPECT_EQ(count(1.0), 3U);
  EXPECT_EQ(count(2.5), 1U);
  EXPECT_NEAR(ages_.counts().sum_seconds, 4.000502, 1e-9);
}

TEST_F(CompletionAgesTest, AgesThatChangeAreCountedWhereTheyBelong) {
  for (int i = 0; i < 10; ++i) {
    done(3'000);
    done(30'000'000);
  }
  EXPECT_EQ(count(0.005), 10U);
  EXPECT_EQ(count(60.0), 10U);
}

TEST_F(CompletionAgesTest, AboveTheLastBoundIsOneMoreBucket) {
  done(3'600'000'000);
  done(3'600'000'001);
  done(400'000'000'000);
  EXPECT_EQ(count(3600.0), 1U);
  EXPECT_EQ(ages_.counts().buckets.back(), 2U);
}

TEST_F(CompletionAgesTest, TheFutureIsNewAndNoTimeIsNotCounted) {
  ages_.add(kNowUs + 5'000'000, kNowUs);
  ages_.add(0, kNowUs);
  EXPECT_EQ(count(0.00025), 1U);
  EXPECT_EQ(ages_.counts().sum_seconds, 0);
}

// Events of the fixture have the times 1 s, 1 s + 1 us and so on.
class CompletedEvents : public DispatcherTest {
 protected:
  CompletedEvents() { now = WallTime(std::chrono::seconds(1) + std::chrono::milliseconds(3)); }
  std::uint64_t completed() {
    std::uint64_t total = 0;
    for (const std::uint64_t count : dispatcher().completion_ages().buckets) total += count;
    return total;
  }
};

TEST_F(CompletedEvents, AreThoseThatEndAsDoneAndNoOthers) {
  options.delivery.retry.attempts = 1;
  offer("a b c");
  pull();
  EXPECT_FALSE(dispatcher().totals().last_done);
  answer("dfd");
  EXPECT_EQ(completed(), 2U);
  EXPECT_EQ(letters().size(), 1U);
  EXPECT_EQ(dispatcher().totals().last_done, now);
}

TEST_F(CompletedEvents, AreAsOldAsTheirRetriesMadeThem) {
  offer("a");
  pull();
  fail({0});
  EXPECT_EQ(completed(), 0U);
  pass(std::chrono::minutes(4));
  pull();
  done();
  EXPECT_EQ(dispatcher().completion_ages().buckets.at(17), 1U) << kHistogramBounds.at(17);
  EXPECT_EQ(dispatcher().totals().last_done, now);
}

TEST_F(CompletedEvents, ThatWereDeadLettersHaveNoAge) {
  options.delivery.retry.attempts = 1;
  offer("a");
  pull();
  answer("f");
  replay(letter(0));
  pull();
  done();
  EXPECT_EQ(completed(), 0U);
  EXPECT_EQ(dispatcher().totals().last_done, now);
}

}  // namespace
}  // namespace pelton::dispatch
