// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/rate_limit.h"

#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kBegin{1000h};

RateLimit limit(const char* text) {
  return RateLimit(*config::parse_rate(text));
}

TEST(RateLimit, WithoutOneThereIsNoEnd) {
  RateLimit none{std::nullopt};
  none.take(1'000'000, kBegin);
  EXPECT_GT(none.events(kBegin), 1'000'000U);
  EXPECT_EQ(none.due(), std::nullopt);
}

TEST(RateLimit, ASlowOneGivesOneAtATime) {
  RateLimit slow = limit("30/m");
  EXPECT_EQ(slow.events(kBegin), 1U);
  slow.take(1, kBegin);
  EXPECT_EQ(slow.events(kBegin), 0U);
  EXPECT_EQ(slow.due(), kBegin + 2s);
  EXPECT_EQ(slow.events(kBegin + 1999ms), 0U);
  EXPECT_EQ(slow.events(kBegin + 2s), 1U);
  slow.pass(kBegin + 2s);
  EXPECT_EQ(slow.due(), std::nullopt);
  EXPECT_EQ(slow.events(kBegin + 1h), 1U) << "nothing is saved up for later";
}

TEST(RateLimit, AFastOneGivesSomeTogether) {
  RateLimit fast = limit("1000/s");
  EXPECT_EQ(fast.events(kBegin), 100U);
  fast.take(100, kBegin);
  EXPECT_EQ(fast.due(), kBegin + 50ms) << "half of them";
  fast.pass(kBegin + 50ms);
  EXPECT_EQ(fast.events(kBegin + 50ms), 50U);
  fast.take(20, kBegin + 50ms);
  EXPECT_EQ(fast.due(), std::nullopt);
  EXPECT_EQ(fast.events(kBegin + 60ms), 40U);
}

TEST(RateLimit, WhatWasNotBegunIsGivenBack) {
  RateLimit fast = limit("1000/s");
  fast.take(100, kBegin);
  fast.give_back(60);
  EXPECT_EQ(fast.events(kBegin), 60U);
  EXPECT_EQ(fast.due(), std::nullopt);
  fast.give_back(60);
  EXPECT_EQ(fast.events(kBegin), 100U) << "the bucket is full";
}

TEST(RateLimit, OverALongTimeItIsExact) {
  for (const char* text : {"7/s", "333/s", "100000/s", "90/m"}) {
    RateLimit one = limit(text);
    std::uint64_t given = 0;
    WallTime now = kBegin;
    while (now < kBegin + 100s) {
      const std::uint32_t events = one.events(now);
      if (events > 0) one.take(events, now);
      given += events;
      now = one.due() ? *one.due() : now + 10ms;
      one.pass(now);
    }
    const double wanted = config::parse_rate(text)->per_second() * 100;
    EXPECT_NEAR(static_cast<double>(given), wanted, wanted / 500 + 2) << text;
  }
}

TEST(RateLimit, OnlyRatesAreRates) {
  for (const char* text : {"", "100", "0/s", "-1/s", "1.5/s", "100/d", "100/ms", "100 / s", "/s",
                           "1000001/s", "99999999999/s", "s/100"})
    EXPECT_FALSE(config::parse_rate(text)) << text;
  for (const char* text : {"1/s", "1000000/s", "60/m", "5/h"})
    EXPECT_EQ(config::rate_text(*config::parse_rate(text)), text);
}

struct LimitedTest : DispatcherTest {
  LimitedTest() { options.delivery.rate_limit = *config::parse_rate("20/s"); }
};

TEST_F(LimitedTest, FramesAreSmallAndWait) {
  offer("a b c d e f");
  EXPECT_EQ(pull(), "a0 b1") << "those of a tenth of a second";
  EXPECT_EQ(pull(2), "");
  EXPECT_FALSE(dispatcher().has_work(now));
  EXPECT_EQ(dispatcher().next_due(), now + 50ms);
  done();
  pass(50ms);
  EXPECT_EQ(pull(), "c2");
  pass(100ms);
  EXPECT_EQ(pull(2), "d3 e4");
}

TEST_F(LimitedTest, ARetryCounts) {
  offer("a");
  EXPECT_EQ(pull(), "a0");
  answer("r");
  pass(10min);
  EXPECT_EQ(pull(), "a0");
  offer("b c");
  EXPECT_EQ(pull(2), "b1");
  EXPECT_EQ(pull(3), "");
}

TEST_F(LimitedTest, WhatIsGivenBackMayGoAtOnce) {
  offer("a b");
  EXPECT_EQ(pull(), "a0 b1");
  give_back(frame(), 1);
  EXPECT_EQ(pull(2), "b1");
}

}  // namespace
}  // namespace pelton::dispatch
