// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/topic_reader.h"

#include "tests/kafka/mock_cluster.h"

#include <gtest/gtest.h>

#include <thread>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class TopicReaderTest : public testing::Test {
 protected:
  void produce(int partition, int count) {
    for (int i = 0; i < count; ++i)
      cluster_.produce("orders", partition, {"k", std::to_string(produced_++)});
  }
  Result<TopicReader::Page> read(std::uint32_t partition, Offset from,
                                 std::size_t bytes = 1 << 20) {
    return reader_->read(PartitionId{partition}, from, bytes, steady_clock::now() + 10s);
  }
  // Pages up to the end: "0:0 1:1", offset and data.
  std::string all(std::uint32_t partition, Offset from, std::size_t bytes = 1 << 20) {
    std::string out;
    for (Offset at = from;;) {
      const auto page = read(partition, at, bytes);
      if (!page) return out + " " + page.error().text();
      for (std::size_t i = 0; page->batch && i < page->batch->size(); ++i)
        out += fmt::format("{}{}:{}", out.empty() ? "" : " ", page->base + page->batch->delta(i),
                           page->batch->data(i));
      at = page->next;
      if (page->at_end) return out;
    }
  }

  test::MockCluster cluster_;
  const TopicOptions topic_ = cluster_.topic("orders", 2);
  std::unique_ptr<TopicReader> reader_ = std::move(*TopicReader::open(topic_));
  int produced_ = 0;
};

TEST_F(TopicReaderTest, ReadsAPartitionFromAnOffsetToItsEnd) {
  produce(1, 4);
  EXPECT_EQ(all(1, 0), "0:0 1:1 2:2 3:3");
  EXPECT_EQ(all(1, 2), "2:2 3:3");
  EXPECT_EQ(all(1, 4), "");
  EXPECT_EQ(all(0, 0), "");
  EXPECT_EQ(all(1, 1), "1:1 2:2 3:3") << "back again";
}

TEST_F(TopicReaderTest, PagesGoOnWhereTheOneBeforeEnded) {
  produce(0, 5);
  EXPECT_EQ(all(0, 0, 1), "0:0 1:1 2:2 3:3 4:4");
}

TEST_F(TopicReaderTest, WhatComesBehindTheEndIsReadNext) {
  EXPECT_EQ(all(0, 0), "");
  produce(0, 1);
  std::string found;
  const auto until = steady_clock::now() + 10s;
  while (found.empty() && steady_clock::now() < until) found = all(0, 0);
  EXPECT_EQ(found, "0:0");
}

TEST_F(TopicReaderTest, SaysWhatTheBrokersKnow) {
  produce(1, 3);
  EXPECT_EQ(reader_->partitions(), 2U);
  const auto facts = reader_->look_up({PartitionId{0}, PartitionId{1}}, std::nullopt);
  ASSERT_TRUE(facts) << facts.error().text();
  EXPECT_EQ((*facts)[0].end, 0);
  EXPECT_EQ((*facts)[1].end, 3);
  EXPECT_EQ((*facts)[1].earliest, 0);
  EXPECT_FALSE((*facts)[1].committed);
}

TEST_F(TopicReaderTest, AnOffsetThatIsNotThereIsSaid) {
  produce(0, 1);
  const auto page = read(0, 100);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, "E6104");
  EXPECT_EQ(all(0, 0), "0:0") << "and does no harm";
}

TEST_F(TopicReaderTest, BrokersThatAreAwayAreSaidAndComeBack) {
  produce(0, 1);
  cluster_.set_down(true);
  const auto page = reader_->read(PartitionId{0}, 0, 1 << 20, steady_clock::now() + 300ms);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(page.error().code, "E6101");
  cluster_.set_down(false);
  EXPECT_EQ(all(0, 0), "0:0");
}

TEST_F(TopicReaderTest, CancelEndsARead) {
  cluster_.set_down(true);
  std::thread other([this] { reader_->cancel(); });
  const auto begin = steady_clock::now();
  const auto page = read(0, 0);
  other.join();
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::cancelled);
  EXPECT_LT(steady_clock::now() - begin, 5s);
}

}  // namespace
}  // namespace pelton::kafka
