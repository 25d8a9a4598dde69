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

}  // namespace
}  // namespace pelton::kafka
