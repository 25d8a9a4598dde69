// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_facts.h"

#include "engine/kafka/consume/commit_metadata.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

std::string text(std::uint32_t partition, Offset offset, std::uint32_t original) {
  return encode({1, 2, {}, original}, {"c", "orders", PartitionId{partition}, offset}).text;
}

TEST(OriginalPartitions, AGroupThatHasCommittedNothingBeginsNow) {
  EXPECT_EQ(original_partitions("c", "orders", {}), 0U);
  EXPECT_EQ(original_partitions("c", "orders", {{PartitionId{0}, -1001, ""}}), 0U);
}

TEST(OriginalPartitions, TheEnginesMetadataTellsThem) {
  EXPECT_EQ(original_partitions("c", "orders",
                                {{PartitionId{0}, 5, text(0, 5, 4)},
                                 {PartitionId{1}, -1001, ""},
                                 {PartitionId{6}, 9, text(6, 9, 4)}}),
            4U);
}

TEST(OriginalPartitions, OtherwiseThoseUpToTheHighestThatWasCommitted) {
  EXPECT_EQ(original_partitions("c", "orders",
                                {{PartitionId{0}, 5, ""},
                                 {PartitionId{2}, 0, "another client's"},
                                 {PartitionId{3}, -1001, ""}}),
            3U);
  EXPECT_EQ(original_partitions("another", "orders", {{PartitionId{0}, 5, text(0, 5, 4)}}), 1U)
      << "copied from another cluster, which may have had more";
}

TEST(DropDeleted, WhatWasCommittedForAnEarlierTopicIsNotCommitted) {
  const auto text_of_id = [](std::uint32_t partition, const std::string& id) {
    return encode({1, 2, {}, 4}, {"c", "orders", PartitionId{partition}, 5, id}).text;
  };
  std::vector<OffsetCommit> committed{{PartitionId{0}, 5, text_of_id(0, "first")},
                                      {PartitionId{1}, 5, text_of_id(1, "second")},
                                      {PartitionId{2}, 5, "another client's"},
                                      {PartitionId{3}, 5, text(3, 5, 4)}};
  EXPECT_EQ(drop_deleted("c", "orders", "second", committed), std::vector{PartitionId{0}});
  EXPECT_EQ(committed[0].offset, -1);
  EXPECT_EQ(committed[0].metadata, "");
  for (std::size_t i = 1; i < committed.size(); ++i) EXPECT_EQ(committed[i].offset, 5) << i;
  EXPECT_TRUE(drop_deleted("c", "orders", "", committed).empty()) << "the id is not known";
}

}  // namespace
}  // namespace pelton::kafka
