// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/commit_metadata.h"

#include <gtest/gtest.h>

#include <random>

namespace pelton::kafka {
namespace {

CommitMetadata random_metadata(std::mt19937_64& random, Offset offset, std::size_t ranges) {
  CommitMetadata metadata{random(), random(), {}};
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
    const auto encoded = encode(metadata, offset);
    ASSERT_EQ(encoded.ranges, metadata.completed.size());
    ASSERT_EQ(decode(encoded.text, offset), metadata) << encoded.text;
  }
}

TEST(CommitMetadata, KeepsTheLowestRangesThatFit) {
  std::mt19937_64 random(8);
  auto metadata = random_metadata(random, 10, 20'000);
  const auto encoded = encode(metadata, 10);
  EXPECT_LE(encoded.text.size(), kMaxMetadata);
  EXPECT_GT(encoded.ranges, 1000U);
  metadata.completed.resize(encoded.ranges);
  EXPECT_EQ(decode(encoded.text, 10), metadata);
}

TEST(CommitMetadata, AWindowFitsWhateverItsPattern) {
  CommitMetadata metadata{1, 2, {}};
  for (Offset at = 101; at < 20'100; at += 2) metadata.completed.push_back({at, at + 1});
  const auto encoded = encode(metadata, 100);
  EXPECT_EQ(encoded.ranges, metadata.completed.size());
  EXPECT_LE(encoded.text.size(), kMaxMetadata);
  EXPECT_EQ(decode(encoded.text, 100), metadata);
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
    const auto encoded = encode(metadata, 7, 2'000);
    ASSERT_EQ(encoded.ranges, metadata.completed.size());
    ASSERT_NE(encoded.text.find('*'), std::string::npos);
    ASSERT_EQ(decode(encoded.text, 7), metadata);
  }
}

TEST(CommitMetadata, HasNoBinary) {
  std::mt19937_64 random(9);
  for (const std::size_t ranges : {100, 4'000})
    for (char c : encode(random_metadata(random, 0, ranges), 0).text)
      EXPECT_TRUE(c > ' ' && c < 127);
}

TEST(CommitMetadata, OfOthersIsNotOurs) {
  for (const char* text : {"", "pelton1:", "connect", "{\"leaderEpoch\":3}", "pelton2:0:0::0"})
    EXPECT_FALSE(decode(text, 0)) << text;
}

TEST(CommitMetadata, DamagedIsNotOurs) {
  std::mt19937_64 random(10);
  const std::string whole = encode(random_metadata(random, 5, 20), 5).text;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = damaged[i] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(decode(damaged, 5)) << i;
    EXPECT_FALSE(decode(whole.substr(0, i), 5)) << i;
  }
}

}  // namespace
}  // namespace pelton::kafka
