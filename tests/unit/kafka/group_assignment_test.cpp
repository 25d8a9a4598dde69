// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/kafka/group_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <ranges>
#include <set>

namespace pelton::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Two engines that share the four partitions of "wide".
class SharedGroup : public testing::Test {
 protected:
  struct Engine {
    Member member;
    std::unique_ptr<Consumer> consumer;
  };

  std::unique_ptr<Engine> join(const std::string& assignor) {
    auto engine = std::make_unique<Engine>();
    Consumer::Setup setup{topic.client, {}, topic.topic, {}};
    setup.group.group = "billing";
    setup.group.assignor = assignor;
    setup.group.session_timeout = std::chrono::seconds(6);
    auto& member = engine->member;
    auto made = Consumer::create(std::move(setup), loop, {member, member, member});
    EXPECT_TRUE(made) << made.error().text();
    engine->consumer = std::move(*made);
    member.consumer = engine->consumer.get();
    loop.start();
    engine->consumer->subscribe();
    return engine;
  }
  template <typename Over>
  bool until(const Over& over) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      bool done = false;
      loop.run([&] { done = over(); });
      if (done || std::chrono::steady_clock::now() > deadline) return done;
    }
  }
  static std::size_t assigned(Engine& engine) {
    std::lock_guard lock(engine.member.mutex);
    return engine.member.tenures.size();
  }
  // Partitions that it has begun, and that it was asked to release, in one rebalance or another.
  static std::set<PartitionId> begun(Engine& engine) {
    std::lock_guard lock(engine.member.mutex);
    const auto partitions = std::views::keys(engine.member.tenures);
    return {partitions.begin(), partitions.end()};
  }
  static std::set<PartitionId> released(Engine& engine) {
    std::lock_guard lock(engine.member.mutex);
    return {engine.member.released.begin(), engine.member.released.end()};
  }
  static std::size_t gone(Engine& engine) {
    std::lock_guard lock(engine.member.mutex);
    return engine.member.gone.size();
  }
  // Tenures that began a second time: partitions that moved away and came back.
  static bool again(Engine& engine) {
    std::lock_guard lock(engine.member.mutex);
    return std::ranges::any_of(engine.member.tenures,
                               [](const auto& tenure) { return tenure.second > 1; });
  }

  test::MockCluster cluster;
  TopicOptions topic = cluster.topic("wide", 4);
  PollLoop loop;
};

TEST_F(SharedGroup, WithRangeAllPartitionsAreGivenBackAndSpreadAgain) {
  const auto first = join("range");
  ASSERT_TRUE(until([&] { return assigned(*first) == 4; }));
  const auto second = join("range");
  ASSERT_TRUE(until([&] { return assigned(*second) == 2; }));
  EXPECT_EQ(released(*first), begun(*first));
  EXPECT_TRUE(until([&] { return again(*first); })) << "those that stayed begin again";
}

TEST_F(SharedGroup, CooperativeMembersGiveBackWhatMovesAlone) {
  const auto first = join("cooperative-sticky");
  ASSERT_TRUE(until([&] { return assigned(*first) == 4; }));
  const auto second = join("cooperative-sticky");
  ASSERT_TRUE(until([&] { return assigned(*second) == 2; }));
  EXPECT_EQ(released(*first), begun(*second));
  EXPECT_FALSE(again(*first)) << "the others never stopped";
}

TEST_F(SharedGroup, AMemberThatLeavesHandsOver) {
  const auto first = join("range");
  ASSERT_TRUE(until([&] { return assigned(*first) == 4; }));
  first->consumer->close();
  ASSERT_TRUE(until([&] { return first->member.left.load(); }));
  EXPECT_EQ(gone(*first), 4U) << "nobody is asked to release what the member leaves behind";
  const auto second = join("range");
  EXPECT_TRUE(until([&] { return assigned(*second) == 4; }));
}

}  // namespace
}  // namespace pelton::kafka
