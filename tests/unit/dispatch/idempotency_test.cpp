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
    options.target = {StreamId{2}, 1};
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

TEST_F(Idempotency, TheRecordIsWrittenWithTheCursorAndTheResult) {
  offer("a:k1");
  pull();
  finish(outputs(frame(), "x:made", {0}));
  const model::Transaction& written = transactions().back();
  ASSERT_EQ(written.idempotency.size(), 1U);
  EXPECT_EQ(written.progress.size(), 1U);
  EXPECT_EQ(written.appends.size(), 1U);
  const model::IdempotencyRecord& record = written.idempotency[0].record;
  EXPECT_EQ(record.offset, 0);
  EXPECT_EQ(record.time, now);
  ASSERT_TRUE(record.result);
  EXPECT_EQ(record.result->data(0), "made");
}

TEST_F(Idempotency, AResultTooLargeIsNotKept) {
  offer("a:k1");
  pull();
  finish(outputs(frame(), "x:" + std::string(70'000, 'x'), {0}));
  EXPECT_FALSE(transactions().back().idempotency.at(0).record.result);
  EXPECT_EQ(transactions().back().appends.size(), 1U);
}

TEST_F(Idempotency, OutputsBelongToTheirEvent) {
  limits.events = 3;
  offer("a:k1 b:k2 c:k3");
  pull();
  finish(outputs(frame(), "x:one x:two", {0, 2}));
  const auto& records = transactions().back().idempotency;
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].record.result->data(0), "one");
  EXPECT_FALSE(records[1].record.result);
  EXPECT_EQ(records[2].record.result->data(0), "two");
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

TEST_F(Idempotency, AKeyIsForgottenAfterItsTtl) {
  offer("a:k1");
  pull();
  done();
  pass(std::chrono::hours(24));
  offer("b:k1");
  EXPECT_EQ(pull(), "b1");
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
