// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/append_feed.h"

#include "engine/model/batch_builder.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace pelton::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr StreamId kStream{7};

// Notes what it hears: "partition@base" of a batch, "partition->end" of one that was not kept.
struct Listening final : AppendFeed::Reader {
  explicit Listening(StreamId stream) : of(stream) {}
  StreamId stream() const override { return of; }
  void appended(const model::PlacedBatch& placed) override {
    heard.push_back(fmt::format("{}@{}", placed.at.partition.value, placed.base));
  }
  void end_moved(PartitionId partition, Offset end) override {
    heard.push_back(fmt::format("{}->{}", partition.value, end));
  }

  StreamId of;
  std::vector<std::string> heard;
};

struct Feed : ::testing::Test {
  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  MemoryBudget memory{1U << 30};
  AppendFeed feed{mailbox, &memory};
  Listening reader{kStream};

  static model::PlacedBatch placed(Offset base, std::size_t bytes = 1, StreamId stream = kStream,
                                   std::uint32_t partition = 0) {
    model::BatchBuilder builder;
    model::EventView event;
    const std::string data(bytes, 'x');
    event.data = data;
    builder.add(event);
    return {{stream, PartitionId{partition}}, base, builder.finish()};
  }
  void append(std::vector<model::PlacedBatch> batches) { feed.appended(batches); }
  // How many calls the shard had.
  std::size_t run() {
    io.restart();
    return io.poll();
  }
};

TEST_F(Feed, AppendsReachWhoReadsTheStream) {
  Listening other{StreamId{8}};
  feed.add(reader);
  feed.add(other);
  append({placed(0), placed(0, 1, StreamId{8}), placed(1), placed(0, 1, kStream, 1)});
  EXPECT_THAT(reader.heard, IsEmpty()) << "not on the store thread";
  run();
  EXPECT_THAT(reader.heard, ElementsAre("0@0", "0@1", "1@0"));
  EXPECT_THAT(other.heard, ElementsAre("0@0"));
}

TEST_F(Feed, AllReadersOfAStreamHear) {
  Listening second{kStream};
  feed.add(reader);
  feed.add(second);
  append({placed(0)});
  run();
  EXPECT_THAT(reader.heard, ElementsAre("0@0"));
  EXPECT_THAT(second.heard, ElementsAre("0@0"));
}

TEST_F(Feed, AppendsToOtherStreamsDoNotWakeTheShard) {
  feed.add(reader);
  append({placed(0, 1, StreamId{8})});
  EXPECT_EQ(run(), 0U);
}

TEST_F(Feed, AppendsThatComeTogetherWakeItOnce) {
  feed.add(reader);
  for (Offset base = 0; base < 100; ++base) append({placed(base)});
  EXPECT_EQ(run(), 1U);
  EXPECT_EQ(reader.heard.size(), 100U);
}

TEST_F(Feed, OneThatHasGoneHearsNothingMore) {
  {
    Listening passing{kStream};
    feed.add(passing);
    append({placed(0)});
    feed.remove(passing);
  }
  run();
  append({placed(1)});
  EXPECT_EQ(run(), 0U);
  feed.remove(reader);  // which was never there
}

// A shard that does not keep up reads from the store what it is not given.
TEST_F(Feed, BeyondItsBytesOnlyTheEndIsPassedOn) {
  feed.add(reader);
  constexpr std::size_t kHalf = AppendFeed::kMaxBytes / 2;
  append({placed(0, kHalf), placed(1, kHalf), placed(2, 1)});
  EXPECT_LE(memory.claimed(MemoryUse::read_ahead), AppendFeed::kMaxBytes);
  run();
  EXPECT_THAT(reader.heard, ElementsAre("0@0", "0->3")) << "without gaps: not the third either";
  EXPECT_EQ(memory.claimed(MemoryUse::read_ahead), 0U);
  append({placed(3)});
  run();
  EXPECT_EQ(reader.heard.back(), "0@3");
}

TEST_F(Feed, WithoutMemoryOneBatchIsKeptAtATime) {
  feed.add(reader);
  MemoryClaim others(&memory, MemoryUse::read_ahead);
  others.set(memory.limit());
  append({placed(0), placed(1)});
  run();
  EXPECT_THAT(reader.heard, ElementsAre("0@0", "0->2"));
}

}  // namespace
}  // namespace pelton::stream
