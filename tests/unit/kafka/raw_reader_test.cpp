// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/raw_reader.h"

#include "tests/kafka/mock_cluster.h"

#include <gmock/gmock.h>

#include <thread>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr PartitionId kReadFirst{0};
constexpr PartitionId kReadSecond{1};

struct Raw : testing::Test {
  test::MockCluster cluster;
  std::atomic<bool> stopping{false};
  RawReader reader{cluster.topic("t", 2), stopping};

  void SetUp() override {
    cluster.produce_all("t", 0,
                        {{"k", "a", {{"h", "1"}}}, {std::nullopt, "b"}, {"k", std::nullopt}});
    cluster.produce_all("t", 1, {{"k", "x"}});
  }
  // "offset=value" of what is read; "!" and the code of an error.
  std::vector<std::string> read(PartitionId partition, Offset from, Offset end,
                                std::size_t most = 100) {
    std::vector<std::string> found;
    const auto ok = reader.read(partition, from, end, [&](PlacedRecord&& placed) {
      found.push_back(fmt::format("{}={}", placed.offset, placed.record.value.value_or("null")));
      return found.size() < most;
    });
    if (!ok) found.push_back("!" + ok.error().code);
    return found;
  }
};

TEST_F(Raw, RecordsComeByteForByte) {
  std::vector<RawRecord> records;
  ASSERT_TRUE(reader.read(kReadFirst, 0, 3, [&](PlacedRecord&& placed) {
    records.push_back(std::move(placed.record));
    return true;
  }));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].key, "k");
  ASSERT_EQ(records[0].headers.size(), 1U);
  EXPECT_EQ(records[0].headers[0].name, "h");
  EXPECT_EQ(records[0].headers[0].value, "1");
  EXPECT_FALSE(records[1].key);
  EXPECT_FALSE(records[2].value);
}

TEST_F(Raw, OnlyTheOffsetsThatAreAskedFor) {
  EXPECT_THAT(read(kReadFirst, 1, 2), ElementsAre("1=b"));
  EXPECT_THAT(read(kReadFirst, 2, 3), ElementsAre("2=null")) << "where it ended";
  EXPECT_THAT(read(kReadFirst, 0, 2), ElementsAre("0=a", "1=b")) << "and back";
  EXPECT_THAT(read(kReadFirst, 1, 1), IsEmpty());
}

TEST_F(Raw, TheVisitorEndsIt) {
  EXPECT_THAT(read(kReadFirst, 0, 3, 1), ElementsAre("0=a"));
  EXPECT_THAT(read(kReadFirst, 1, 3), ElementsAre("1=b", "2=null"));
}

TEST_F(Raw, AnEndBehindThePartitionIsNotWaitedFor) {
  EXPECT_THAT(read(kReadFirst, 2, 10), ElementsAre("2=null"));
}

TEST_F(Raw, PartitionsInTurn) {
  EXPECT_THAT(read(kReadSecond, 0, 1), ElementsAre("0=x"));
  EXPECT_THAT(read(kReadFirst, 0, 1), ElementsAre("0=a"));
  reader.rest();
  EXPECT_THAT(read(kReadFirst, 1, 2), ElementsAre("1=b"));
}

TEST_F(Raw, ExtentsAreThoseOfAllPartitions) {
  const auto extents = reader.extents();
  ASSERT_TRUE(extents);
  ASSERT_EQ(extents->size(), 2U);
  EXPECT_EQ((*extents)[0].end, 3);
  EXPECT_EQ((*extents)[1].end, 1);
}

TEST_F(Raw, AnEngineThatStopsDoesNotWaitForBrokers) {
  cluster.set_down(true);
  std::thread stops([this] { stopping = true; });
  EXPECT_THAT(read(kReadFirst, 0, 3), ElementsAre("!E6101"));
  stops.join();
}

}  // namespace
}  // namespace pelton::kafka
