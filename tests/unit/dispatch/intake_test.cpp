// SPDX-License-Identifier: Apache-2.0
// The window: back-pressure, filter, long retries, partitions that come and go.
#include "engine/model/batch_builder.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

class Intake : public DispatcherTest {
 protected:
  std::uint64_t room(std::uint32_t partition = 0) {
    return dispatcher().wants(PartitionId{partition}).events;
  }
  Offset wanted(std::uint32_t partition = 0) {
    return dispatcher().wants(PartitionId{partition}).from;
  }
};

TEST_F(Intake, TakesNoMoreThanTheWindow) {
  options.delivery.max_unsettled = 3;
  offer("a b c d e");
  EXPECT_EQ(room(), 0U);
  EXPECT_EQ(wanted(), 3);
  EXPECT_EQ(pull(), "a0 b1 c2");
  done();
  EXPECT_EQ(room(), 3U);
  EXPECT_EQ(wanted(), 3) << "the rest is offered again";
}

TEST_F(Intake, RoomComesBackOnceTheCommitIsDurable) {
  options.delivery.max_unsettled = 2;
  offer("a b");
  pull();
  hold_commits();
  done();
  EXPECT_EQ(room(), 0U);
  EXPECT_FALSE(dispatcher().idle());
  release_commits();
  EXPECT_EQ(room(), 2U);
  EXPECT_TRUE(dispatcher().idle());
}

TEST_F(Intake, WhatWasOfferedBeforeIsPassedOver) {
  const auto batch = batch_of("a b c");
  offer_batch(batch);
  Commits none;
  dispatcher().offer(PartitionId{0}, 0, batch, now, none);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(counts().unsettled, 3U);
}

TEST_F(Intake, OneLongRetryHoldsUpNobody) {
  options.delivery.max_unsettled = 8;
  offer("stuck");
  pull();
  model::FrameResult result = all_done(frame());
  result.not_done.push_back(
      {0, model::OutcomeCode::retry, "", "", "", std::chrono::hours(1), true});
  finish(std::move(result));
  for (int i = 0; i < 1000; ++i) {
    offer("a b c");
    ASSERT_NE(pull(), "") << i;
    done();
  }
  EXPECT_EQ(counts().unsettled, 1U);
  EXPECT_EQ(cursor(), "0 1-3001");
  ASSERT_TRUE(counts().oldest_unsettled);
  pass(std::chrono::hours(1));
  EXPECT_EQ(pull(), "stuck0");
  EXPECT_EQ(frame().batch->data(0), "stuck0");
  done();
  EXPECT_EQ(cursor(), "3001");
  EXPECT_EQ(counts().unsettled, 0U);
}

TEST_F(Intake, SoManyRetriesAreBoundedByTheWindow) {
  options.delivery.max_unsettled = 4;
  for (int i = 0; i < 4; ++i) {
    offer(fmt::format("k{}", i));
    pull();
    fail({0});
  }
  EXPECT_EQ(room(), 0U);
  EXPECT_EQ(counts().retrying, 4U);
}

TEST_F(Intake, TooManyRangesCloseTheWindow) {
  options.delivery.max_unsettled = 100'000;
  options.delivery.order = model::Order::none;
  limits.events = options.delivery.batch.events = 100'000;
  std::string words;
  for (int i = 0; i < 50'000; ++i) words += "- ";
  offer(words);
  pull();
  std::string outcomes;
  for (int i = 0; i < 25'000; ++i) outcomes += "rd";
  EXPECT_GT(room(), 0U);
  answer(outcomes);
  EXPECT_EQ(room(), 0U);
  pass(std::chrono::seconds(1));
  while (!pull().empty()) done();
  EXPECT_EQ(room(), 100'000U);
}

TEST_F(Intake, GapsBetweenBatchesAreSettled) {
  offer("a");
  Commits out;
  dispatcher().offer(PartitionId{0}, 10, batch_of("b"), now, out);
  EXPECT_EQ(pull(), "a0 b10");
  done();
  EXPECT_EQ(cursor(), "11");
}

// ---- the filter
class Filtered : public Intake {
 protected:
  Filtered() {
    config::FilterRule rule;
    rule.field.kind = config::FieldRef::Kind::key;
    config::Matcher matcher;
    matcher.text = "in";
    rule.any_of.push_back(matcher);
    options.filter.push_back(rule);
  }
};

TEST_F(Filtered, EventsSettleWithoutAWorkerInOneCommit) {
  offer("out out in out");
  EXPECT_EQ(transactions().size(), 1U);
  EXPECT_EQ(cursor(), "2 3-4");
  EXPECT_EQ(dispatcher().totals().filtered, 3U);
  EXPECT_EQ(pull(), "in2");
  done();
  EXPECT_EQ(cursor(), "4");
}

TEST_F(Filtered, EventsTakeUpRoomUntilTheyAreDurable) {
  options.delivery.max_unsettled = 3;
  hold_commits();
  offer("out out out out");
  EXPECT_EQ(room(), 0U);
  EXPECT_EQ(wanted(), 3);
  release_commits();
  EXPECT_EQ(room(), 3U);
}

// ---- partitions
TEST_F(Intake, ARevokedPartitionIsFenced) {
  partitions = 2;
  offer("a", 0);
  offer("b", 1);
  std::vector<model::Frame> frames;
  for (int i = 0; i < 2; ++i) {
    pull();
    frames.push_back(frame());
  }
  dispatcher().revoke(PartitionId{1});
  EXPECT_EQ(room(1), 0U);
  EXPECT_EQ(dispatcher().in_flight(), 1U);
  for (const model::Frame& given : frames) done(given);
  EXPECT_EQ(dispatcher().totals().late_results, 1U);
  EXPECT_EQ(cursor(0), "1");
  EXPECT_EQ(cursor(1), "0");
}

TEST_F(Intake, AnotherAssignmentStartsAfresh) {
  options.delivery.max_unsettled = 2;
  offer("a b");
  pull();
  hold_commits();
  done();
  dispatcher().revoke(PartitionId{0});
  model::Restored restored;
  restored.progress.settled = 1;
  dispatcher().assign(PartitionId{0}, restored);
  EXPECT_EQ(wanted(), 1);
  EXPECT_EQ(room(), 2U);
  release_commits();
  EXPECT_EQ(room(), 2U) << "commits of before do not count here";
}

TEST_F(Intake, CountsSayWhereEventsStand) {
  limits.events = 2;
  offer("a b a c");
  pull();
  pull();
  const PartitionCounts standing = counts();
  EXPECT_EQ(standing.cursor, 0);
  EXPECT_EQ(standing.next, 4);
  EXPECT_EQ(standing.unsettled, 4U);
  EXPECT_EQ(standing.in_flight, 3U);
  EXPECT_EQ(standing.waiting, 1U);
  EXPECT_EQ(standing.retrying, 0U);
  EXPECT_EQ(standing.oldest_unsettled, from_us(1'000'000));
}

TEST_F(Intake, TheCursorThatIsShownIsDurable) {
  offer("a b");
  pull();
  hold_commits();
  done();
  EXPECT_EQ(counts().unsettled, 0U);
  EXPECT_EQ(counts().cursor, 0) << "what it has put out cannot be read yet";
  release_commits();
  EXPECT_EQ(counts().cursor, 2);
}

}  // namespace
}  // namespace pelton::dispatch
