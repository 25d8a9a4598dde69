// SPDX-License-Identifier: Apache-2.0
// Dead letters delivered again.
#include "engine/model/batch_builder.h"
#include "tests/unit/dispatch/dispatcher_fixture.h"

namespace pelton::dispatch {
namespace {

class ReplayedLetter : public DispatcherTest {
 protected:
  // Event 0, of key a, is a dead letter.
  void bury(std::string_view words = "a") {
    offer(words);
    pull();
    fail({0}, model::OutcomeCode::fail);
    while (!pull().empty()) done();
    ASSERT_EQ(letters().size(), 1U);
  }
};

TEST_F(ReplayedLetter, IsDeliveredWithItsKeyAndRemovedByItsSuccess) {
  options.outputs = {{"out", StreamId{2}, 1}};
  bury();
  EXPECT_TRUE(replay(letter(0)));
  EXPECT_TRUE(dispatcher().has_work(now));
  EXPECT_EQ(pull(), "a0");
  EXPECT_EQ(frame().idempotency_keys, std::vector<std::string>{"bill/orders/0000000000000000/0/0"});
  EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{1});
  finish(outputs(frame(), "x:made", {0}));
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(stored_outputs(), "made");
  EXPECT_EQ(transactions().back().appends.size(), 1U);
  EXPECT_EQ(transactions().back().dead_letters_removed.size(), 1U);
  EXPECT_TRUE(transactions().back().progress.empty()) << "the cursor has passed it long ago";
  EXPECT_EQ(dispatcher().totals().replayed, 1U);
}

TEST_F(ReplayedLetter, ThatCannotBeDecodedStaysALetter) {
  bury();
  model::DeadLetter raw = letter(0);
  model::BatchBuilder builder;
  builder.add(*raw.event, 0);
  builder.fault({ErrorKind::invalid, "E6161", "no such schema"});
  raw.event = builder.finish();
  EXPECT_TRUE(replay(raw));
  EXPECT_EQ(pull(), "");
  // Both were written; the second takes the place of the first.
  ASSERT_EQ(letters(), (std::vector<std::string>{"0/0 failed", "0/0 undecodable"}));
  EXPECT_EQ(letter(1).replays, 1U);
  EXPECT_EQ(letter(1).retry.history.back().message, "no such schema");
  EXPECT_TRUE(replay(letter(1))) << "it is not on its way any more";
}

TEST_F(ReplayedLetter, OnlyOnceAtATime) {
  bury();
  EXPECT_TRUE(replay(letter(0)));
  EXPECT_FALSE(replay(letter(0)));
  pull();
  EXPECT_FALSE(replay(letter(0)));
  hold_commits();
  const model::DeadLetter old = letter(0);
  done();
  EXPECT_FALSE(replay(old)) << "its removal is not durable yet";
  release_commits();
  EXPECT_TRUE(letters().empty());
}

TEST_F(ReplayedLetter, TakesRoomUntilItHasEndedDurably) {
  options.delivery.max_unsettled = 1;
  bury();
  EXPECT_TRUE(dispatcher().replay_room());
  replay(letter(0));
  EXPECT_FALSE(dispatcher().replay_room());
  pull();
  hold_commits();
  done();
  EXPECT_FALSE(dispatcher().replay_room());
  release_commits();
  EXPECT_TRUE(dispatcher().replay_room());
}

TEST_F(ReplayedLetter, TakesRoomByItsSize) {
  bury();
  model::DeadLetter large = letter(0);
  large.event = batch_of("a:" + std::string(1U << 20, 'x'));
  for (large.id.offset = 1; large.id.offset <= 64; ++large.id.offset) {
    EXPECT_TRUE(dispatcher().replay_room()) << large.id.offset;
    replay(large);
  }
  EXPECT_FALSE(dispatcher().replay_room());
  pull();
  done();
  EXPECT_TRUE(dispatcher().replay_room());
}

TEST_F(ReplayedLetter, ThatFailsComesBackWithMoreHistory) {
  bury();
  replay(letter(0));
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_EQ(pull(), "a0");
    EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{attempt});
    fail({0});
    EXPECT_EQ(pull(), "") << "not at once";
    pass(std::chrono::minutes(10));
  }
  ASSERT_EQ(letters().size(), 2U) << "written once more, under its old id";
  EXPECT_EQ(letters()[1], "0/0 attempts");
  EXPECT_EQ(letter(1).replays, 1U);
  EXPECT_EQ(letter(1).retry.attempts, 4U);
  EXPECT_EQ(letter(1).retry.history.size(), 4U);
  EXPECT_TRUE(replay(letter(1)));
}

TEST_F(ReplayedLetter, KeepsAtMostSoMuchHistory) {
  bury();
  model::DeadLetter long_kept = letter(0);
  long_kept.retry.history.resize(model::kMaxHistory);
  replay(long_kept);
  pull();
  fail({0}, model::OutcomeCode::fail);
  EXPECT_EQ(letter(1).retry.history.size(), model::kMaxHistory);
  EXPECT_EQ(letter(1).retry.history.back().type, "ValueError");
}

TEST_F(ReplayedLetter, GoesBehindThoseOfItsKeyInFlight) {
  bury();
  offer("a");
  pull();
  const model::Frame running = frame();
  offer("a b");
  replay(letter(0));
  EXPECT_EQ(pull(), "b3");
  EXPECT_EQ(pull(), "");
  done(running);
  EXPECT_EQ(pull(), "a0");
  const model::Frame again = frame();
  EXPECT_EQ(pull(), "") << "and holds back those that follow";
  done(again);
  EXPECT_EQ(pull(), "a2");
}

TEST_F(ReplayedLetter, SeveralOfAKeyGoOneAfterTheOther) {
  offer("a a");
  pull();
  answer("ff");
  ASSERT_EQ(letters().size(), 2U);
  const model::DeadLetter first = letter(1);
  const model::DeadLetter second = letter(0);
  replay(first);
  replay(second);
  EXPECT_EQ(pull(), "a0");
  const model::Frame running = frame();
  EXPECT_EQ(pull(), "");
  done(running);
  EXPECT_EQ(pull(), "a1");
}

TEST_F(ReplayedLetter, OfALostWorkerGoesAgain) {
  bury();
  replay(letter(0));
  pull();
  lose(1, {}, "engine");
  EXPECT_EQ(pull(2), "a0");
  EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{1});
  lose(2);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(pull(3), "a0");
  EXPECT_EQ(frame().attempts, std::vector<std::uint32_t>{2}) << "it was alone with its worker";
}

TEST_F(ReplayedLetter, ThatEndsTwoWorkersIsADeadLetterAgain) {
  bury();
  replay(letter(0));
  pull();
  lose(1, {{frame().id, 0}});
  pass(std::chrono::seconds(1));
  pull(2);
  lose(2, {{frame().id, 0}});
  EXPECT_EQ(letters().back(), "0/0 worker_killer");
}

TEST_F(ReplayedLetter, OutlivesItsPartition) {
  bury();
  replay(letter(0));
  pull();
  dispatcher().revoke(PartitionId{0});
  EXPECT_EQ(dispatcher().in_flight(), 1U);
  done();
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(dispatcher().in_flight(), 0U);
}

TEST_F(ReplayedLetter, WhoseKeyIsCompletedByNowIsRemovedUninvoked) {
  config::FieldRef whole;
  whole.kind = config::FieldRef::Kind::data;
  options.idempotency = config::Idempotency{{whole}, std::chrono::hours(24)};
  bury("a:k1");
  const model::DeadLetter old = letter(0);
  offer("b:k1");
  pull();
  EXPECT_TRUE(replay(old));
  EXPECT_EQ(pull(), "") << "it waits for the one in flight";
  done();
  EXPECT_EQ(pull(), "");
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(dispatcher().totals().deduplicated, 1U);
}

}  // namespace
}  // namespace pelton::dispatch
