// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/shard_report.h"

#include "tests/unit/runtime/binding_fixture.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using ::testing::HasSubstr;

// What status says of a binding whose only worker is the test.
class ShardReport : public BindingRunnerTest {
 protected:
  observe::BindingStatus status() { return binding_status(*runner, *store, 2.5, clock.now()); }
  void fail_event(const std::string& message, bool counts = true) {
    const FrameId frame = taken.front();
    taken.pop_front();
    model::Failure failure;
    failure.code = model::OutcomeCode::retry;
    failure.type = "ValueError";
    failure.message = message;
    failure.counts = counts;
    model::FrameResult result;
    result.count = 1;
    result.not_done.push_back(failure);
    on_work = [] {};
    EXPECT_TRUE(runner->finished(WorkerId{1}, frame, std::move(result)));
    run();
  }
  static model::BatchPtr keyed(const std::string& key) {
    model::BatchBuilder builder;
    model::EventView event;
    event.key = key;
    event.has_key = true;
    event.data = "x";
    builder.add(event);
    return builder.finish();
  }
};

TEST_F(ShardReport, ABindingWithoutEventsHasNoLag) {
  begin();
  const auto now = status();
  EXPECT_EQ(now.name, "b");
  EXPECT_EQ(now.stream, "s");
  EXPECT_DOUBLE_EQ(now.done_per_second, 2.5);
  ASSERT_EQ(now.partitions.size(), 1U);
  EXPECT_EQ(now.partitions[0].lag_events, 0U);
  EXPECT_DOUBLE_EQ(now.partitions[0].lag_seconds, 0);
}

TEST_F(ShardReport, LagGoesFromTheCursorToTheEndAndByTheOldestEventsAge) {
  begin();
  input->append(batch({"a", "b", "c"}, to_us(clock.now()) - 5'000'000));
  run();
  auto now = status();
  EXPECT_EQ(now.partitions[0].lag_events, 3U);
  EXPECT_NEAR(now.partitions[0].lag_seconds, 5, 0.01);
  EXPECT_EQ(now.partitions[0].in_flight, 2U);
  finish();
  run();
  now = status();
  EXPECT_EQ(now.partitions[0].cursor, 1);
  EXPECT_EQ(now.partitions[0].lag_events, 2U);
  EXPECT_EQ(now.done, 1U);
}

TEST_F(ShardReport, AParkedKeyHasItsAttemptsAndItsLastError) {
  begin();
  input->append(keyed("boiler-1"));
  run();
  fail_event("no number");
  const auto now = status();
  EXPECT_EQ(now.failed_attempts, 1U);
  ASSERT_EQ(now.parked.size(), 1U);
  EXPECT_EQ(now.parked[0].key, "boiler-1");
  EXPECT_EQ(now.parked[0].attempts, 1U);
  EXPECT_EQ(now.parked[0].last_error, "ValueError: no number");
  EXPECT_GT(now.parked[0].next, clock.now());
  EXPECT_EQ(now.partitions[0].retrying, 1U);
}

// A key may be a megabyte, and need not be text.
TEST_F(ShardReport, LongKeysAndErrorsAreShortenedBetweenCharacters) {
  begin();
  std::string key;
  for (int i = 0; i < 60; ++i) key += "\u00e9";
  input->append(keyed(key));
  run();
  std::string message = "x";
  for (int i = 0; i < 2500; ++i) message += "\u00e9";
  fail_event(message);
  const auto now = status();
  ASSERT_EQ(now.parked.size(), 1U);
  EXPECT_EQ(now.parked[0].key, key.substr(0, 100) + "...");
  EXPECT_EQ(now.parked[0].last_error, "ValueError: " + message.substr(0, 199) + "...");
}

TEST_F(ShardReport, EveryReasonOfADeadLetterIsThereFromTheStart) {
  begin();
  const auto now = status();
  for (const char* reason : dispatch::kDeadLetterReasons) {
    ASSERT_TRUE(now.dead_lettered_by_reason.contains(reason)) << reason;
    EXPECT_EQ(now.dead_lettered_by_reason.at(reason), 0U);
  }
}

TEST_F(ShardReport, WhatStopsOrTroublesABindingIsNamed) {
  begin(true);
  input->stop_partition({ErrorKind::corrupt, "E6104", "its offset is gone"});
  const auto now = status();
  EXPECT_THAT(now.stopped, HasSubstr("E6104: its offset is gone"));
  EXPECT_EQ(now.trouble, "brokers are away") << "the output's";
  EXPECT_FALSE(now.ended);
}

}  // namespace
}  // namespace pelton::runtime
