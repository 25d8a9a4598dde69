// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/kafka/group_fixture.h"

#include <gmock/gmock.h>

#include <functional>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Lifetime = GroupTest;

TEST_F(Lifetime, AConsumerMayGoWhileItsLoopRuns) {
  cluster.produce("orders", 0, {"k", "a"});
  join();
  ASSERT_TRUE(until([&] { return member.values.size() == 1; }));
  consumer.reset();
  const int calls = member.calls;
  cluster.produce("orders", 0, {"k", "b"});
  for (int i = 0; i < 3; ++i) loop.run([] {});
  EXPECT_EQ(member.calls, calls) << "its listeners hear nothing more";
}

TEST_F(Lifetime, AnotherOneOnTheSameLoopDoesNotNotice) {
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  {
    Member other;
    Consumer::Setup setup{topic.client, {}, topic.topic, {}};
    setup.group.group = "shipping";
    setup.group.session_timeout = 6s;
    auto made = Consumer::create(std::move(setup), loop, {other, other, other});
    ASSERT_TRUE(made);
    other.consumer = made->get();
    (*made)->subscribe();
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (other.calls == 0 && std::chrono::steady_clock::now() < deadline) loop.run([] {});
    EXPECT_GT(other.calls, 0);
  }
  cluster.produce("orders", 0, {"k", "a"});
  EXPECT_TRUE(until([&] { return member.values.size() == 1; }));
}

TEST_F(Lifetime, AnIdlePartitionIsNotReadUntilASeekAndItsEndIsStillTold) {
  member.idle = true;
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  cluster.produce_all("orders", 0, {{"k", "a"}, {"k", "b"}});
  ASSERT_TRUE(until([&] { return member.end == 2; })) << "the brokers are asked";
  EXPECT_THAT(values(), IsEmpty());
  {
    std::lock_guard lock(member.mutex);
    consumer->seek({kP, ++member.tenures[kP], 1, false});
  }
  ASSERT_TRUE(until([&] { return !member.values.empty(); }));
  EXPECT_THAT(values(), ElementsAre("1=b"));
}

TEST_F(Lifetime, AnAnswerToARoundThatIsOverChangesNothing) {
  member.idle = true;
  cluster.produce("orders", 0, {"k", "a"});
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  consumer->begin(member.round + 7, {{kP, 99, 0, false}});
  for (int i = 0; i < 20; ++i) loop.run([] {});
  EXPECT_THAT(values(), IsEmpty());
}

TEST_F(Lifetime, OnlyPartitionsThatAreOursAreCommitted) {
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  consumer->commit(1, {{kP, 3, "text"}, {PartitionId{7}, 4, "text"}});
  ASSERT_TRUE(until([&] { return member.commits.contains(1); }));
  EXPECT_TRUE(member.commits[1]);
  EXPECT_EQ(cluster.committed("billing", "orders", 0), 3);
  std::optional<Result<std::vector<OffsetCommit>>> known;
  consumer->ask_committed({kP}, [&](auto answer) {
    loop.post([&, answer = std::move(answer)]() mutable { known = std::move(answer); });
  });
  ASSERT_TRUE(until([&] { return known.has_value(); }));
  ASSERT_TRUE(*known);
  EXPECT_EQ((*known)->front().offset, 3);
  EXPECT_EQ((*known)->front().metadata, "text");
}

// Within a test's patience, which a question to silent brokers is not over in.
bool at_once(const std::function<void()>& call) {
  const auto begun = std::chrono::steady_clock::now();
  call();
  return std::chrono::steady_clock::now() - begun < 2s;
}

TEST_F(Lifetime, ItGoesAtOnceWhileSilentBrokersAreAsked) {
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  cluster.set_down(true);
  std::atomic<int> answers{0};
  consumer->ask({kP}, std::nullopt, [&](const GroupFacts&) { ++answers; });
  consumer->ask_committed({kP}, [&](const auto&) { ++answers; });
  loop.run([] {});  // both are being asked
  EXPECT_TRUE(at_once([&] { consumer.reset(); }));
  EXPECT_TRUE(at_once([&] { loop.run([] {}); })) << "nor is its loop held up";
  const int calls = member.calls;
  EXPECT_TRUE(at_once([&] { loop.stop(); })) << "the end of the engine does not wait for brokers";
  EXPECT_EQ(answers, 0) << "whoever has gone is not answered";
  EXPECT_EQ(member.calls, calls);
}

TEST_F(Lifetime, TheLoopEndsAtOnceWhileSilentBrokersAreAsked) {
  join();
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  cluster.set_down(true);
  consumer->ask({kP}, std::nullopt, [](const GroupFacts&) {});
  loop.run([] {});  // it is being asked
  EXPECT_TRUE(at_once([&] { loop.stop(); }));
}

TEST_F(Lifetime, ItGoesAtOnceWhileItsPartitionsAreLookedUp) {
  cluster.set_leader("orders", 0, false);
  join();
  ASSERT_TRUE(until([&] { return member.calls > 0; })) << "the member waits for a leader";
  cluster.set_down(true);
  EXPECT_TRUE(at_once([&] { consumer.reset(); }));
  EXPECT_TRUE(at_once([&] { loop.run([] {}); }));
}

}  // namespace
}  // namespace pelton::kafka
