// SPDX-License-Identifier: Apache-2.0
// A function that fails as a whole: the binding pauses and tries one event at a time.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class BreakerTest : public DispatcherTest {
 protected:
  BreakerTest() {
    options.delivery.breaker.failures = 3;
    options.delivery.breaker.first = seconds(10);
    options.delivery.breaker.max = seconds(30);
    options.delivery.retry.attempts = 10;
    options.delivery.retry.first = milliseconds(1);
    limits.events = 1;
  }
  // Every event that comes fails, until nothing more is given.
  int fail_all() {
    int given = 0;
    for (; !pull().empty(); ++given) fail({0});
    return given;
  }
  bool open() { return dispatcher().breaker().open; }
};

TEST_F(BreakerTest, PausesAfterSoManyEventsInARow) {
  offer("a b c d e");
  EXPECT_EQ(fail_all(), 3);
  EXPECT_TRUE(open());
  EXPECT_EQ(dispatcher().breaker().last_error, "ValueError: no");
  EXPECT_EQ(*dispatcher().breaker().next_probe, now + seconds(10));
  EXPECT_FALSE(dispatcher().has_work(now));
  pass(seconds(9));
  EXPECT_EQ(pull(), "");
}

TEST_F(BreakerTest, TriesOneEventAtATimeAfterAPause) {
  offer("a b c d e f");
  fail_all();
  limits.events = 100;
  pass(seconds(10));
  ASSERT_EQ(pull(), "d3") << "one that has not failed yet";
  EXPECT_EQ(pull(2), "") << "a second event while the first is being tried";
}

TEST_F(BreakerTest, OfEventsThatHaveFailedItTriesOneAfterEachPause) {
  offer("a b c");
  fail_all();
  pass(seconds(10));
  EXPECT_EQ(fail_all(), 1);
  pass(seconds(19));
  EXPECT_EQ(pull(), "") << "the second pause is not longer than the first";
  pass(seconds(1));
  EXPECT_EQ(fail_all(), 1);
  pass(seconds(30));
  EXPECT_EQ(fail_all(), 1) << "a pause is longer than the longest";
}

TEST_F(BreakerTest, ARunOfBadEventsIsPassedAsManyAtATimeAsMadeItPause) {
  offer("a b c d e f g h");
  fail_all();
  pass(seconds(10));
  EXPECT_EQ(fail_all(), 3);
  pass(seconds(20));
  ASSERT_EQ(pull(), "g6");
  done();
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, ASuccessEndsThePauses) {
  offer("a b c d e f");
  fail_all();
  pass(seconds(10));
  ASSERT_EQ(pull(), "d3");
  done();
  EXPECT_FALSE(open());
  limits.events = 100;
  EXPECT_EQ(pull(), "a0 b1 c2 e4 f5");
  EXPECT_EQ(dispatcher().breaker().opened, 1U);
}

TEST_F(BreakerTest, AnAnswerThatWasOnItsWayEndsThePausesAsWell) {
  offer("a b c d");
  ASSERT_EQ(pull(2), "a0");
  const model::Frame slow = frame();
  fail_all();
  ASSERT_TRUE(open());
  done(slow, 2);
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, OneEventThatFailsAgainAndAgainIsNoOutage) {
  offer("a");
  for (int attempt = 1; attempt <= 10; ++attempt) {
    ASSERT_EQ(pull(), "a0") << attempt;
    fail({0});
    pass(hours(1));
  }
  EXPECT_EQ(letters(), std::vector<std::string>{"0/0 attempts"});
  EXPECT_EQ(dispatcher().breaker().opened, 0U);
}

// Bad events among good ones are all that is left at the end.
TEST_F(BreakerTest, EventsThatHaveFailedBeforeAreNoOutage) {
  limits.events = 100;
  offer("a b c d e f");
  pull();
  answer("rdrdrd");
  pass(seconds(1));
  limits.events = 1;
  EXPECT_EQ(fail_all(), 3);
  EXPECT_FALSE(open());
}

// Many bad events of few keys: each is tried for the first time when the one before has given up.
TEST_F(BreakerTest, FurtherEventsOfAKeyWithADeadLetterAreNoOutage) {
  options.delivery.retry.attempts = 2;
  limits.events = 100;
  offer("a good");
  ASSERT_EQ(pull(), "a0 good1");
  answer("rd");
  offer("a a a a a");
  limits.events = 1;
  for (int event = 0; event < 6; ++event) {
    pass(seconds(1));
    fail_all();
  }
  EXPECT_EQ(letters().size(), 6U);
  EXPECT_EQ(dispatcher().breaker().opened, 0U);
}

TEST_F(BreakerTest, FurtherEventsOfAKeyAreAnOutageWhenNothingSucceeds) {
  options.delivery.retry.attempts = 1;
  offer("a a a a a");
  fail_all();
  EXPECT_TRUE(open());
}

TEST_F(BreakerTest, AKeyWhoseEventIsDoneCountsAgain) {
  options.delivery.retry.attempts = 2;
  limits.events = 100;
  offer("a good");
  ASSERT_EQ(pull(), "a0 good1");
  answer("rd");
  pass(seconds(1));
  fail_all();
  ASSERT_EQ(letters().size(), 1U);
  offer("a");
  ASSERT_EQ(pull(), "a2");
  done();
  options.delivery.retry.attempts = 1;
  limits.events = 1;
  offer("a b c d");
  EXPECT_EQ(fail_all(), 3);
  EXPECT_TRUE(open());
}

// Keys that never come again do not keep it from learning others.
TEST_F(BreakerTest, ThousandsOfBadKeysAreNoOutageEither) {
  Breaker breaker(options.delivery.breaker);
  breaker.succeeded(1, 0, nullptr, now);
  for (LaneKey lane = 1; lane <= 5000; ++lane) breaker.gave_up({PartitionId{0}, lane}, now);
  for (LaneKey lane = 4990; lane <= 5000; ++lane)
    breaker.failed({PartitionId{0}, lane}, true, {}, now);
  EXPECT_FALSE(breaker.open());
  for (LaneKey lane = 9001; lane <= 9003; ++lane)
    breaker.failed({PartitionId{0}, lane}, true, {}, now);
  EXPECT_TRUE(breaker.open());
}

TEST_F(BreakerTest, EventsThatHaveFailedBeforeDoNotCountForTheRate) {
  options.delivery.breaker.rate = 0.5;
  limits.events = 100;
  offer("a b c d e f");
  pull();
  answer("rrdddd");
  for (int i = 0; i < 5; ++i) {
    pass(seconds(1));
    offer("x");
    pull();
    answer("rrd");
  }
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, FailuresAmongSuccessesAreNoOutage) {
  limits.events = 100;
  offer("a b c d e f g h");
  pull();
  answer("rrrrrrrd");
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, AnEventThatIsRefusedForGoodShowsThatTheFunctionWorks) {
  offer("a b c d e f");
  for (int i = 0; i < 6; ++i) {
    pull();
    fail({0}, model::OutcomeCode::fail);
  }
  EXPECT_EQ(letters().size(), 6U);
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, PausesWhenMostAttemptsFail) {
  options.delivery.breaker.rate = 0.5;
  limits.events = 100;
  offer("a b c d e f");
  pull();
  answer("ddddrr");
  EXPECT_FALSE(open()) << "2 of 6";
  offer("g h i j");
  pass(seconds(1));
  pull();
  answer("rrrrrd");
  EXPECT_TRUE(open()) << "7 of 12";
}

TEST_F(BreakerTest, ForgetsAfterTenSecondsHowManyFailed) {
  options.delivery.breaker.rate = 0.5;
  limits.events = 100;
  offer("a b c");
  pull();
  answer("rrd");
  pass(seconds(11));
  offer("e f g h");
  pull();
  answer("rrdddd");
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, AfterAProbeThatIsNotAnsweredComesAnother) {
  offer("a b c d");
  fail_all();
  pass(seconds(10));
  ASSERT_EQ(pull(2), "d3");
  lose(2, {}, "engine");
  EXPECT_NE(pull(), "");
}

TEST_F(BreakerTest, CanBeDisabled) {
  options.delivery.breaker.failures = 0;
  offer("a b c d e f g h");
  EXPECT_EQ(fail_all(), 8);
  EXPECT_FALSE(open());
}

TEST_F(BreakerTest, EveryEventEndsInAnOutageThatDoesNot) {
  options.delivery.retry.attempts = 2;
  offer("a b c d e f g h");
  for (int step = 0; step < 100; ++step) {
    fail_all();
    pass(seconds(30));
  }
  EXPECT_EQ(letters().size(), 8U);
  EXPECT_EQ(cursor(), "8");
}

}  // namespace
}  // namespace pelton::dispatch
