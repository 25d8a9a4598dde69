// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/partition_fetcher.h"

#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr PartitionId kFirst{0};
constexpr PartitionId kSecond{1};

struct Fetcher : testing::Test {
  test::MockCluster cluster;
  PartitionFetcher fetcher{cluster.topic("t", 2), Gone::error, PartitionFetcher::Pace::eager};

  void SetUp() override {
    cluster.produce_all("t", 0, {{"k", "a"}, {"k", "b"}, {"k", "c"}});
    cluster.produce_all("t", 1, {{"k", "x"}});
    ASSERT_TRUE(fetcher.open());
  }
  // The values that come until the end of the partition, or `most`.
  std::vector<std::string> read(PartitionId partition, std::size_t most = 100) {
    std::vector<std::string> values;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (values.size() < most && std::chrono::steady_clock::now() < deadline) {
      const Message message = fetcher.next(partition, 100ms);
      if (!message) continue;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
      values.emplace_back(static_cast<const char*>(message->payload), message->len);
    }
    return values;
  }
};

TEST_F(Fetcher, ReadsFromWhereItWasMovedTo) {
  ASSERT_TRUE(fetcher.move_to(kFirst, 1));
  EXPECT_THAT(read(kFirst), ElementsAre("b", "c"));
  EXPECT_EQ(fetcher.position(kFirst), 3);
  EXPECT_EQ(fetcher.end(kFirst), 3);
}

TEST_F(Fetcher, WhatWasFetchedForTheOldPlaceDoesNotComeAtTheNewOne) {
  ASSERT_TRUE(fetcher.move_to(kFirst, 0));
  EXPECT_THAT(read(kFirst, 1), ElementsAre("a"));
  ASSERT_TRUE(fetcher.move_to(kFirst, 0));
  EXPECT_THAT(read(kFirst), ElementsAre("a", "b", "c"));
}

TEST_F(Fetcher, ALittleFurtherIsNoMove) {
  ASSERT_TRUE(fetcher.move_to(kFirst, 0));
  EXPECT_THAT(read(kFirst, 1), ElementsAre("a"));
  ASSERT_TRUE(fetcher.move_to(kFirst, 2, 1));
  EXPECT_EQ(fetcher.position(kFirst), 1) << "it goes on where it was";
  EXPECT_TRUE(fetcher.at(kFirst, 1));
  ASSERT_TRUE(fetcher.move_to(kFirst, 2));
  EXPECT_EQ(fetcher.position(kFirst), 2);
}

TEST_F(Fetcher, PartitionsAreFetchedApart) {
  ASSERT_TRUE(fetcher.move_to(kFirst, 0));
  ASSERT_TRUE(fetcher.move_to(kSecond, 0));
  EXPECT_THAT(read(kSecond), ElementsAre("x"));
  EXPECT_THAT(read(kFirst), ElementsAre("a", "b", "c"));
  EXPECT_EQ(fetcher.fetched(), 2U);
  fetcher.leave(kSecond);
  EXPECT_FALSE(fetcher.at(kSecond, 1));
  fetcher.leave_all();
  EXPECT_EQ(fetcher.fetched(), 0U);
}

TEST_F(Fetcher, FewPartitionsHaveRecordsWaitingAndAllAreRead) {
  constexpr std::uint32_t kMany = 12;
  PartitionFetcher many{cluster.topic("many", kMany), Gone::error, PartitionFetcher::Pace::eager};
  ASSERT_TRUE(many.open());
  for (std::uint32_t p = 0; p < kMany; ++p)
    cluster.produce_all("many", static_cast<int>(p), {{"k", "a"}, {"k", "b"}, {"k", "c"}});
  const auto one = [&](std::uint32_t p, Offset from) {
    EXPECT_TRUE(many.move_to(PartitionId{p}, from));
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline)
      if (const Message message = many.next(PartitionId{p}, 100ms))
        return std::string(static_cast<const char*>(message->payload), message->len);
    return std::string();
  };
  for (std::uint32_t p = 0; p < kMany; ++p) EXPECT_EQ(one(p, 0), "a");
  EXPECT_LE(many.fetched(), PartitionFetcher::kMostWaiting);
  for (std::uint32_t p = 0; p < kMany; ++p) EXPECT_EQ(one(p, 1), "b");
}

TEST_F(Fetcher, AnOffsetThatIsGoneIsAnError) {
  ASSERT_TRUE(fetcher.move_to(kFirst, 4711));
  EXPECT_THAT(read(kFirst), IsEmpty());
  EXPECT_EQ(fetcher.position(kFirst), 4711);
}

TEST_F(Fetcher, SaysWhatTheClientComplainsOf) {
  cluster.set_down(true);
  ASSERT_TRUE(fetcher.move_to(kFirst, 0));
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (fetcher.serve().empty() && std::chrono::steady_clock::now() < deadline)
    EXPECT_FALSE(fetcher.next(kFirst, 50ms));
  EXPECT_NE(fetcher.serve(), "");
  cluster.set_down(false);
  EXPECT_THAT(read(kFirst), ElementsAre("a", "b", "c"));
  EXPECT_EQ(fetcher.serve(), "") << "records came";
}

}  // namespace
}  // namespace pelton::kafka
