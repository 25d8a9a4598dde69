// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/lookup.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

// Value. What the brokers say of partitions of a group: each is either in `facts` or in `silent`.
struct GroupFacts {
  std::string cluster;  // its id; empty: the brokers tell none
  // How many partitions the topic had when the group began; 0: not known.
  std::uint32_t original_partitions = 0;
  std::vector<PartitionFacts> facts;
  std::vector<PartitionId> silent;
  std::optional<Error> error;    // why, of the first of these
  std::uint32_t partitions = 0;  // that the topic has now; 0: not known
  // Of those that were asked about: the group has given them to us, and they have not begun.
  std::vector<PartitionId> unbegun{};
  std::string topic_id{};  // another topic of the same name has another one; empty: none is told
};

// Asks the coordinator and the leaders; blocks like ask_leaders().
GroupFacts ask_group(rd_kafka_s* client, const std::string& topic,
                     const std::vector<PartitionId>& partitions, std::optional<WallTime> time,
                     const Patience& patience);

// What was committed for an earlier topic of the name is taken out of `committed`: nothing is
// committed then. Answers of which partitions. Pure.
std::vector<PartitionId> drop_deleted(const std::string& cluster, const std::string& topic,
                                      const std::string& topic_id,
                                      std::vector<OffsetCommit>& committed);

// How many partitions a topic had when the group began, as all that is committed of it tells: the
// engines' metadata, or without any the highest partition that was committed. 0: the group has
// committed nothing, it begins now. Pure.
std::uint32_t original_partitions(const std::string& cluster, const std::string& topic,
                                  const std::vector<OffsetCommit>& committed);

}  // namespace pelton::kafka
