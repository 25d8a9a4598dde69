// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hash.h"
#include "tests/unit/model/batch_fixture.h"

#include <algorithm>
#include <map>

namespace pelton::model {
namespace {

// Keys k0..k6 in turn; the data is the number of the event.
BatchPtr numbered(int count, int keys = 7) {
  BatchBuilder builder;
  for (int i = 0; i < count; ++i) {
    const std::string key = "k" + std::to_string(i % keys);
    const std::string data = std::to_string(i);
    builder.add(event(key, data));
  }
  return builder.finish();
}

TEST(SplitByPartition, PutsKeysWhereKafkaWould) {
  const auto parts = split_by_partition(numbered(50), 4, 0);
  EXPECT_TRUE(std::ranges::is_sorted(parts, std::less{}, &PartitionPart::partition));
  std::size_t total = 0;
  for (const auto& [partition, batch] : parts) {
    total += batch->size();
    for (std::size_t i = 0; i < batch->size(); ++i)
      EXPECT_EQ(kafka_partition(batch->key(i), 4), partition);
  }
  EXPECT_EQ(total, 50U);
}

TEST(SplitByPartition, KeepsTheOrderOfEachKey) {
  std::map<std::string, int, std::less<>> last;
  for (const auto& [partition, batch] : split_by_partition(numbered(100), 3, 0))
    for (std::size_t i = 0; i < batch->size(); ++i) {
      const int number = std::stoi(std::string(batch->data(i)));
      const std::string key(batch->key(i));
      EXPECT_TRUE(!last.contains(key) || last[key] < number);
      last[key] = number;
    }
  EXPECT_EQ(last.size(), 7U);
}

TEST(SplitByPartition, PassesOnABatchThatStaysTogether) {
  const BatchPtr same = numbered(10, 1);
  const auto parts = split_by_partition(same, 8, 0);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].partition, kafka_partition("k0", 8));
  EXPECT_EQ(parts[0].batch, same);
  const BatchPtr mixed = numbered(10);
  EXPECT_EQ(split_by_partition(mixed, 1, 0)[0].batch, mixed);
}

TEST(SplitByPartition, KeylessEventsGoWhereTheCallerSays) {
  BatchBuilder builder;
  EventView bare;
  bare.data = "x";
  builder.add(bare);
  builder.add(bare);
  const BatchPtr batch = builder.finish();
  const auto parts = split_by_partition(batch, 4, 6);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].partition, 2U);
  EXPECT_EQ(partition_of(*batch, 0, 4, 7), 3U);
}

TEST(SplitByPartition, AnEmptyKeyIsAKey) {
  BatchBuilder builder;
  builder.add(event("", "x"));
  EXPECT_EQ(partition_of(*builder.finish(), 0, 16, 5), kafka_partition("", 16));
}

}  // namespace
}  // namespace pelton::model
