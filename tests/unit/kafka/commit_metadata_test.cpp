// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/commit_metadata.h"

#include <gtest/gtest.h>

#include <random>

namespace pelton::kafka {
namespace {

CommitPlace at(Offset offset) {
  return {"cluster", "orders", PartitionId{3}, offset};
}

CommitMetadata random_metadata(std::mt19937_64& random, Offset offset, std::size_t ranges) {
  CommitMetadata metadata{random(), random(), {}, static_cast<std::uint32_t>(random() % 2000)};
  Offset last = offset;
  for (std::size_t i = 0; i < ranges; ++i) {
    const Offset begin =
        last + 1 + static_cast<Offset>(random() % (random() % 4 == 0 ? 100'000 : 9));
    last = begin + 1 + static_cast<Offset>(random() % 40);
    metadata.completed.push_back({begin, last});
  }
  return metadata;
}

TEST(CommitMetadata, ComesBackAsItWas) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 500; ++round) {
    const auto offset = static_cast<Offset>(random() % 1'000'000'000'000);
    const auto metadata = random_metadata(random, offset, random() % 200);
    const auto encoded = encode(metadata, at(offset));
    ASSERT_EQ(encoded.ranges, metadata.completed.size());
    ASSERT_EQ(decode(encoded.text, at(offset)).metadata, metadata) << encoded.text;
  }
}

const WallTime kThen{std::chrono::hours(480'000)};

TriedEvent tried(Offset offset, std::uint32_t attempts, std::int64_t ms) {
  return {offset, attempts, attempts / 2, kThen + std::chrono::milliseconds(ms),
          kThen + std::chrono::milliseconds(ms + 90'000)};
}

TEST(CommitMetadata, AttemptsComeBackAsTheyWere) {
  CommitMetadata metadata{1, 2, {{105, 120}}};
  metadata.tried = {tried(100, 1, 70'000), tried(103, 4'000'000, 0), tried(5'000'000'000, 3, 9)};
  const auto encoded = encode(metadata, at(100));
  EXPECT_EQ(encoded.tried, 3U);
  EXPECT_EQ(decode(encoded.text, at(100)).metadata, metadata) << encoded.text;
  metadata.completed.clear();
  EXPECT_EQ(decode(encode(metadata, at(100)).text, at(100)).metadata, metadata);
}

TEST(CommitMetadata, AttemptsHaveTheRoomThatTheRangesLeave) {
  CommitMetadata metadata{1, 2, {}};
  for (Offset at = 101; at < 20'100; at += 2) metadata.completed.push_back({at, at + 1});
  for (Offset at = 100; at < 2'000; at += 2) metadata.tried.push_back(tried(at, 2, at));
  const auto encoded = encode(metadata, at(100));
  EXPECT_EQ(encoded.ranges, metadata.completed.size());
  EXPECT_GT(encoded.tried, 20U);
  EXPECT_LE(encoded.text.size(), kMaxMetadata);
  metadata.tried.resize(encoded.tried);
  EXPECT_EQ(decode(encoded.text, at(100)).metadata, metadata);
}

TEST(CommitMetadata, KeepsTheLowestRangesThatFit) {
  std::mt19937_64 random(8);
  auto metadata = random_metadata(random, 10, 20'000);
  const auto encoded = encode(metadata, at(10));
  EXPECT_LE(encoded.text.size(), kMaxMetadata);
  EXPECT_GT(encoded.ranges, 1000U);
  metadata.completed.resize(encoded.ranges);
  EXPECT_EQ(decode(encoded.text, at(10)).metadata, metadata);
}

TEST(CommitMetadata, AWindowFitsWhateverItsPattern) {
  CommitMetadata metadata{1, 2, {}};
  for (Offset at = 101; at < 20'100; at += 2) metadata.completed.push_back({at, at + 1});
  const auto encoded = encode(metadata, at(100));
  EXPECT_EQ(encoded.ranges, metadata.completed.size());
  EXPECT_LE(encoded.text.size(), kMaxMetadata);
  EXPECT_EQ(decode(encoded.text, at(100)).metadata, metadata);
}

TEST(CommitMetadata, AMapComesBackAsItWas) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    CommitMetadata metadata{random(), random(), {}};
    Offset last = 7;
    while (last < 9'000) {
      const Offset begin = last + 1 + static_cast<Offset>(random() % 3);
      last = begin + 1 + static_cast<Offset>(random() % 9);
      metadata.completed.push_back({begin, last});
    }
    const auto encoded = encode(metadata, at(7), 2'000);
    ASSERT_EQ(encoded.ranges, metadata.completed.size());
    ASSERT_NE(encoded.text.find('*'), std::string::npos);
    ASSERT_EQ(decode(encoded.text, at(7)).metadata, metadata);
  }
}

TEST(CommitMetadata, HasNoBinary) {
  std::mt19937_64 random(9);
  for (const std::size_t ranges : {100, 4'000})
    for (char c : encode(random_metadata(random, 0, ranges), at(0)).text)
      EXPECT_TRUE(c > ' ' && c < 127);
}

TEST(CommitMetadata, OfOthersIsNotOurs) {
  for (const char* text : {"", "pelton2:", "connect", "{\"leaderEpoch\":3}", "pelton1:0:0::0"})
    EXPECT_FALSE(decode(text, at(0)).metadata) << text;
}

// As MirrorMaker's sync.group.offsets writes it: with another offset, into another cluster.
TEST(CommitMetadata, OfAnotherPlaceIsNotOurs) {
  const std::string text = encode({1, 2, {{12, 15}}, 4}, at(10)).text;
  for (const CommitPlace& other : {CommitPlace{"cluster", "orders", PartitionId{3}, 9},
                                   CommitPlace{"cluster", "orders", PartitionId{4}, 10},
                                   CommitPlace{"cluster", "east.orders", PartitionId{3}, 10},
                                   CommitPlace{"other", "orders", PartitionId{3}, 10}}) {
    const auto decoded = decode(text, other);
    EXPECT_FALSE(decoded.metadata);
    EXPECT_TRUE(decoded.elsewhere);
  }
  EXPECT_TRUE(decode(text, at(10)).metadata);
  EXPECT_FALSE(decode(text, at(10)).elsewhere);
  EXPECT_FALSE(decode("connect", at(10)).elsewhere);
}

TEST(CommitMetadata, OfAnEarlierTopicOfTheNameIsToldApart) {
  const CommitPlace first{"cluster", "orders", PartitionId{3}, 10, "id-1"};
  const CommitPlace second{"cluster", "orders", PartitionId{3}, 10, "id-2"};
  const std::string text = encode({1, 2, {{12, 15}}, 4}, first).text;
  EXPECT_TRUE(decode(text, first).metadata);
  EXPECT_FALSE(decode(text, second).metadata);
  EXPECT_TRUE(decode(text, second).deleted);
  EXPECT_FALSE(decode(text, second).elsewhere);
  const CommitPlace mirrored{"other", "orders", PartitionId{3}, 10, "id-2"};
  EXPECT_FALSE(decode(text, mirrored).deleted) << "its offset counts";
}

TEST(CommitMetadata, ATopicWhoseIdIsNotKnownIsTheSame) {
  const CommitPlace with{"cluster", "orders", PartitionId{3}, 10, "id-1"};
  EXPECT_TRUE(decode(encode({1, 2, {}, 4}, at(10)).text, with).metadata);
  EXPECT_TRUE(decode(encode({1, 2, {}, 4}, with).text, at(10)).metadata);
}

TEST(CommitMetadata, ItsRoomIsHalvedDownToNothing) {
  MetadataCodec codec("orders");
  CommitMetadata metadata{1, 2, {}};
  for (Offset offset = 101; offset < 20'100; offset += 2)
    metadata.completed.push_back({offset, offset + 1});
  std::size_t ranges = codec.encode(PartitionId{0}, 100, metadata).ranges;
  EXPECT_EQ(ranges, metadata.completed.size());
  int times = 0;
  while (codec.halve()) {
    ++times;
    const auto encoded = codec.encode(PartitionId{0}, 100, metadata);
    EXPECT_LE(encoded.text.size(), codec.room());
    EXPECT_LT(encoded.ranges, ranges);
    ranges = encoded.ranges;
  }
  EXPECT_EQ(times, 6);
  EXPECT_EQ(codec.encode(PartitionId{0}, 100, metadata).text, "");
}

TEST(CommitMetadata, DamagedIsNotOurs) {
  std::mt19937_64 random(10);
  const std::string whole = encode(random_metadata(random, 5, 20), at(5)).text;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = damaged[i] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(decode(damaged, at(5)).metadata) << i;
    EXPECT_FALSE(decode(whole.substr(0, i), at(5)).metadata) << i;
  }
}

}  // namespace
}  // namespace pelton::kafka
