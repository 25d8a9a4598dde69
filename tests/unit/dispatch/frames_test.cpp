// SPDX-License-Identifier: Apache-2.0
// How frames come together.
#include "engine/model/batch_builder.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

using Frames = DispatcherTest;

TEST_F(Frames, AStoredBatchIsHandedOnAsItIs) {
  const auto batch = batch_of("a b c");
  offer_batch(batch);
  EXPECT_EQ(pull(), "a0 b1 c2");
  EXPECT_EQ(frame().batch, batch);
  EXPECT_EQ(frame().base, 0);
  EXPECT_TRUE(frame().attempts.empty());
  EXPECT_TRUE(frame().idempotency_keys.empty());
  EXPECT_EQ(frame().key_prefix, "bill/orders/0000000000000000/0/");
  EXPECT_EQ(frame().binding, "bill");
  EXPECT_EQ(frame().stream, "orders");
}

TEST_F(Frames, CarryTheirBindingInTheirId) {
  offer("a");
  pull();
  EXPECT_EQ(model::binding_of(frame().id), BindingId{3});
}

TEST_F(Frames, SmallBatchesShareOne) {
  offer("a b");
  offer("c");
  offer("d e");
  EXPECT_EQ(pull(), "a0 b1 c2 d3 e4");
  done();
  EXPECT_EQ(cursor(), "5");
}

TEST_F(Frames, ALargeBatchIsSliced) {
  limits.events = 2;
  offer("a b c d e");
  EXPECT_EQ(pull(), "a0 b1");
  EXPECT_EQ(pull(), "c2 d3");
  EXPECT_EQ(pull(), "e4");
  EXPECT_EQ(pull(), "");
}

TEST_F(Frames, TheBindingsLimitHoldsAsWell) {
  options.delivery.batch.events = 3;
  offer("a b c d e");
  EXPECT_EQ(pull(), "a0 b1 c2");
}

TEST_F(Frames, BytesLimitThem) {
  options.delivery.batch.bytes = 10;
  offer("a:12345 b:1234 c:1");
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(pull(), "b1 c2");
}

TEST_F(Frames, OneEventIsGivenHoweverLarge) {
  limits.bytes = 1;
  offer("a:123456789");
  EXPECT_EQ(pull(), "a0");
}

TEST_F(Frames, LargeBatchesAreNotJoined) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += fmt::format("k{} ", i);
  offer("a");
  const auto batch = batch_of(many);
  offer_batch(batch);
  EXPECT_EQ(pull(), "a0");
  pull();
  EXPECT_EQ(frame().batch, batch);
  EXPECT_EQ(frame().base, 1);
}

TEST_F(Frames, GapsInOffsetsAreKept) {
  model::BatchBuilder builder;
  const auto events = batch_of("a b c");
  builder.add_at(*events, 0, 2);
  builder.add_at(*events, 1, 5);
  builder.add_at(*events, 2, 6);
  offer_batch(builder.finish());
  offer("d");
  EXPECT_EQ(pull(), "a2 b5 c6 d7");
  done();
  EXPECT_EQ(cursor(), "8");
}

TEST_F(Frames, OneBatchAppendedTwiceIsTwoBatches) {
  const auto batch = batch_of("a b");
  limits.events = 1;
  offer_batch(batch);
  EXPECT_EQ(pull(), "a0");
  offer_batch(batch);
  done();
  limits.events = 1000;
  EXPECT_EQ(pull(), "b1 a2 b3");
  EXPECT_EQ(frame().batch->data(1), "a0");
}

TEST_F(Frames, PartitionsTakeTurns) {
  partitions = 3;
  limits.events = 1;
  for (std::uint32_t p = 0; p < 3; ++p) offer(fmt::format("p{}x p{}y", p, p), p);
  std::string order;
  for (std::string next = pull(); !next.empty(); next = pull()) order += next.substr(0, 2) + " ";
  EXPECT_EQ(order, "p0 p1 p2 p0 p1 p2 ");
}

TEST_F(Frames, AnEventTooLargeForAFrameIsADeadLetter) {
  const std::string huge((60U << 20) + 1, 'x');
  model::BatchBuilder builder;
  model::EventView event;
  event.data = huge;
  builder.add(event);
  offer("a");
  offer_batch(builder.finish());
  offer("b");
  EXPECT_EQ(pull(), "a0 b2");
  EXPECT_EQ(letters(), std::vector<std::string>{"0/1 too_large"});
  EXPECT_EQ(letter(0).retry.attempts, 0U);
  done();
  EXPECT_EQ(cursor(), "3");
}

TEST_F(Frames, AnEventThatCouldNotBeDecodedIsADeadLetter) {
  model::BatchBuilder builder;
  model::EventView event;
  event.data = "raw";
  builder.add(event);
  builder.fault({ErrorKind::invalid, "E6163", "does not fit"});
  offer_batch(builder.finish());
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(letters(), std::vector<std::string>{"0/0 undecodable"});
  EXPECT_EQ(letter(0).event->data(0), "raw");
  EXPECT_EQ(letter(0).retry.attempts, 0U);
  ASSERT_EQ(letter(0).retry.history.size(), 1U);
  EXPECT_EQ(letter(0).retry.history[0].type, "E6163");
  EXPECT_EQ(letter(0).retry.history[0].message, "does not fit");
  EXPECT_EQ(cursor(), "1");
}

TEST_F(Frames, HasWorkSaysWhetherPullGivesOne) {
  EXPECT_FALSE(dispatcher().has_work(now));
  offer("a a");
  EXPECT_TRUE(dispatcher().has_work(now));
  limits.events = 1;
  pull();
  EXPECT_TRUE(dispatcher().has_work(now));
  EXPECT_EQ(pull(), "");
  EXPECT_FALSE(dispatcher().has_work(now));
}

// ---- the batch window
class BatchWindow : public DispatcherTest {
 protected:
  BatchWindow() {
    options.delivery.batch.wait = std::chrono::milliseconds(10);
    options.delivery.batch.events = 3;
  }
};

TEST_F(BatchWindow, HoldsAFrameUntilItsOldestEventHasWaited) {
  offer("a");
  EXPECT_FALSE(dispatcher().has_work(now));
  EXPECT_EQ(pull(), "");
  pass(std::chrono::milliseconds(9));
  offer("b");
  EXPECT_EQ(pull(), "");
  EXPECT_EQ(dispatcher().next_due(), now + std::chrono::milliseconds(1));
  pass(std::chrono::milliseconds(1));
  EXPECT_TRUE(dispatcher().has_work(now));
  EXPECT_EQ(dispatcher().next_due(), std::nullopt);
  EXPECT_EQ(pull(), "a0 b1");
}

TEST_F(BatchWindow, AFullFrameGoesAtOnce) {
  offer("a b c d");
  EXPECT_EQ(pull(), "a0 b1 c2");
  EXPECT_EQ(pull(), "");
}

TEST_F(BatchWindow, SoDoManyBytes) {
  options.delivery.batch.bytes = 8;
  offer("a:1234 b:1234");
  EXPECT_EQ(pull(), "a0");
}

TEST_F(BatchWindow, OfOnePartitionDoesNotPutOffThatOfAnother) {
  partitions = 2;
  offer("a", 0);
  pass(std::chrono::milliseconds(6));
  offer("b", 1);
  pass(std::chrono::milliseconds(4));
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(pull(), "");
}

TEST_F(BatchWindow, IsNotForRetries) {
  offer("a b c");
  pull();
  fail({1});
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(), "b1");
}

}  // namespace
}  // namespace pelton::dispatch
