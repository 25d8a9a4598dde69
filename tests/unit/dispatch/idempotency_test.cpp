// SPDX-License-Identifier: Apache-2.0
// Custom idempotency keys.
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

// The event's data is its idempotency key: "a:k1".
class Idempotency : public DispatcherTest {
 protected:
  Idempotency() {
    config::FieldRef whole;
    whole.kind = config::FieldRef::Kind::data;
    options.idempotency = config::Idempotency{{whole}, std::chrono::hours(24)};
    options.outputs = {{"out", StreamId{2}, 1}};
    limits.events = 1;
  }
};

TEST_F(Idempotency, ACompletedKeyIsNotInvokedAgain) {
  offer("a:k1");
  pull();
  EXPECT_EQ(frame().idempotency_keys, std::vector<std::string>{"k1"});
  done();
  offer("b:k1 b:k2");
  EXPECT_EQ(pull(), "b2");
  EXPECT_EQ(cursor(), "2");
  EXPECT_EQ(dispatcher().totals().deduplicated, 1U);
}

TEST_F(Idempotency, KeysAreWrittenWithTheCursorAsOneRecord) {
  limits.events = 3;
  offer("a:k1 b:k2 c:k3");
  pull();
  finish(outputs(frame(), "x:one x:two", {0, 2}));
  const model::Transaction& written = transactions().back();
  EXPECT_EQ(written.progress.size(), 1U);
  EXPECT_EQ(written.appends.size(), 1U);
  ASSERT_EQ(written.idempotency.size(), 1U);
  const model::CompletedKeys& keys = written.idempotency[0];
  EXPECT_EQ(keys.binding, options.id);
  EXPECT_EQ(keys.time, now);
  EXPECT_EQ(keys.fingerprints, (std::vector{hash128("k1"), hash128("k2"), hash128("k3")}));
}

TEST_F(Idempotency, ADuplicateWaitsForTheOneInFlight) {
  offer("a:k1 b:k1");
  EXPECT_EQ(pull(), "a0");
  const model::Frame first = frame();
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(counts().waiting, 1U);
  done(first);
  EXPECT_TRUE(dispatcher().has_work(now));
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(cursor(), "2");
  EXPECT_EQ(counts().waiting, 0U);
}

TEST_F(Idempotency, ADuplicateOfTheSameLaneDoesToo) {
  limits.events = 10;
  offer("a:k1 a:k1 a:k2");
  EXPECT_EQ(pull(), "a0");
  done();
  EXPECT_EQ(pull(), "a2");
  EXPECT_EQ(dispatcher().totals().deduplicated, 1U);
}

TEST_F(Idempotency, ADuplicateGoesWhenTheFirstEndsAsADeadLetter) {
  offer("a:k1 b:k1");
  pull();
  fail({0}, model::OutcomeCode::fail);
  EXPECT_EQ(letter(0).idempotency_key, "k1");
  EXPECT_EQ(pull(), "b1");
  done();
  EXPECT_EQ(cursor(), "2");
}

TEST_F(Idempotency, ADuplicateWaitsThroughRetries) {
  offer("a:k1 b:k1");
  pull();
  fail({0});
  EXPECT_EQ(pull(), "");
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(pull(), "");
  done();
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(cursor(), "2");
}

TEST_F(Idempotency, SurvivesARestart) {
  offer("a:k1");
  pull();
  done();
  restart();
  offer("b:k1");
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(cursor(), "2");
}

TEST_F(Idempotency, AKeyIsKnownForItsTtlAndAtMostTwiceAsLong) {
  offer("a:k1");
  pull();
  done();
  pass(std::chrono::hours(24));
  offer("b:k1");
  EXPECT_EQ(pull(), "");
  pass(std::chrono::hours(24));
  offer("c:k1");
  EXPECT_EQ(pull(), "c2");
}

// The clock was a year ahead, and is set right between two runs.
TEST_F(Idempotency, KeysOfAClockThatWasAheadDoNotKeepOthersFromExpiring) {
  const WallTime right = now;
  now += std::chrono::hours(24 * 365);
  offer("a:k1");
  pull();
  done();
  now = right;
  restart();
  offer("a:k2");
  pull();
  done();
  now += std::chrono::hours(24 * 3);
  offer("a:k2");
  EXPECT_EQ(pull(), "a2");
}

TEST_F(Idempotency, AnEventWithoutTheFieldHasTheDefaultKey) {
  options.idempotency->key[0].path = {"id"};
  offer("a:text a:text");
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(frame().idempotency_keys, std::vector<std::string>{"bill/orders/0000000000000000/0/0"});
  done();
  EXPECT_EQ(pull(), "a1");
  EXPECT_TRUE(transactions().back().idempotency.empty());
}

TEST_F(Idempotency, ARevokedPartitionLetsGoOfItsKeys) {
  partitions = 2;
  offer("a:k1", 0);
  pull();
  offer("b:k1", 1);
  EXPECT_EQ(pull(), "");
  dispatcher().revoke(PartitionId{0});
  EXPECT_EQ(pull(), "b0");
}

}  // namespace
}  // namespace pelton::dispatch
