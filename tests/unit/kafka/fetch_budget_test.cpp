// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/fetch_budget.h"

#include "tests/unit/kafka/group_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace pelton::kafka {
namespace {

constexpr std::size_t kMiB = 1U << 20;

TEST(FetchBudget, IsDividedByAllPartitions) {
  FetchBudget budget(64 * kMiB);
  EXPECT_EQ(budget.of(1), 64 * kMiB) << "before anything is assigned";
  for (int i = 0; i < 8; ++i) budget.add_partition();
  EXPECT_EQ(budget.of(8), 64 * kMiB);
  EXPECT_EQ(budget.of(2), 16 * kMiB) << "another consumer has the other six";
  for (int i = 0; i < 4; ++i) budget.remove_partition();
  EXPECT_EQ(budget.of(2), 32 * kMiB);
  EXPECT_EQ(budget.most_of_one(), 8 * kMiB);
  EXPECT_EQ(budget.most_of_an_answer(), 16 * kMiB);
}

// Takes nothing of what it gets until it is asked to.
struct Hoarder final : Member {
  struct Held {
    PartitionId partition;
    std::uint64_t tenure = 0;
    std::size_t bytes = 0;
  };
  std::vector<Held> held;
  std::size_t bytes = 0, most = 0, records = 0;
  std::map<PartitionId, Offset> next;
  bool gaps = false;

  void fetched(PartitionId partition, std::uint64_t tenure, Offset base, model::BatchPtr batch,
               Offset) override {
    std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < batch->size(); ++i)
      gaps |= std::exchange(next[partition], base + batch->delta(i) + 1) != base + batch->delta(i);
    records += batch->size();
    held.push_back({partition, tenure, batch->bytes().size()});
    bytes += held.back().bytes;
    most = std::max(most, bytes);
  }
  // On the loop's thread.
  void take_one() {
    if (held.empty()) return;
    consumer->taken(held.front().partition, held.front().tenure, held.front().bytes);
    bytes -= held.front().bytes;
    held.erase(held.begin());
  }
};

struct ManyPartitions : testing::Test {
  static constexpr int kPartitions = 16;
  static constexpr std::size_t kEach = 30;

  test::MockCluster cluster;
  TopicOptions topic = cluster.topic("large", kPartitions);
  MemoryBudget memory{64 *
                      kMiB};  // 16 MiB of it for what is fetched; the topic has three times as much
  PollLoop loop;
  Hoarder reader;
  std::unique_ptr<Consumer> consumer;

  void SetUp() override {
    const std::vector<test::MockCluster::Record> records(kEach, {"k", std::string(100'000, 'x')});
    for (int p = 0; p < kPartitions; ++p) cluster.produce_all("large", p, records);
    Consumer::Setup setup{
        topic.client, {}, topic.topic, {}, std::make_shared<FetchBudget>(16 * kMiB, &memory)};
    setup.group.group = "billing";
    setup.group.session_timeout = std::chrono::seconds(6);
    auto made = Consumer::create(std::move(setup), loop, {reader, reader, reader});
    ASSERT_TRUE(made);
    consumer = std::move(*made);
    reader.consumer = consumer.get();
    loop.start();
    consumer->subscribe();
  }
  template <typename Over>
  bool until(const Over& over) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (bool done = false; std::chrono::steady_clock::now() < deadline;) {
      loop.run([&] {
        std::lock_guard lock(reader.mutex);
        done = over();
      });
      if (done) return true;
    }
    return false;
  }
};

// Of a topic that has three times as much as the budget.
TEST_F(ManyPartitions, WhatIsFetchedStaysWithinTheBudgetAndNothingIsMissed) {
  ASSERT_TRUE(until([&] {
    return reader.bytes >= 8 * kMiB && memory.claimed(MemoryUse::kafka) > 0;
  })) << "half of it is given ahead, and what is fetched is claimed";
  std::size_t turns = 0;
  EXPECT_TRUE(until([&] {
    if (++turns % 10 == 0) reader.take_one();
    return reader.records == kPartitions * kEach;
  })) << reader.records
      << " records came";
  EXPECT_FALSE(reader.gaps) << "each record came once, in its order";
  EXPECT_LE(reader.most, 10 * kMiB);
}

}  // namespace
}  // namespace pelton::kafka
