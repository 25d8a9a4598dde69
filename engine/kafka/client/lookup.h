// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/kafka/client/group_metadata.h"
#include "engine/kafka/client/patience.h"

#include <optional>
#include <string>
#include <vector>

struct rd_kafka_s;

namespace pelton::kafka {

// Value. What the brokers say of a partition.
struct PartitionFacts {
  PartitionId partition;
  std::optional<Offset> committed;  // of the group
  std::string metadata;             // that came with it
  Offset earliest = 0;
  // Of what may be read: with read_committed, an open transaction ends it.
  Offset end = 0;
  Offset at_time = 0;  // first offset at or after the time asked for; end if none
  // To the topic, after the group began, or with the whole topic, which was created again.
  bool added = false;
  // The position that was to be read is not in the partition: its leader has said so.
  bool refused = false;
};

// Value. What the leaders of some partitions say: each is either in `facts` or in `silent`.
struct LeaderAnswers {
  std::vector<PartitionFacts> facts;  // without what the group knows
  std::vector<PartitionId> silent;    // no leader, or one that does not answer
  std::optional<Error> error;         // why, of the first of these
  std::uint32_t partitions = 0;       // that the topic has; 0: not known
};
// Asks the leaders of the partitions, together and, where one of them does not answer, one by one.
// Blocks for up to three times the time of `patience`, and as much for each leader that does not
// answer: not on the loop's thread. All questions here are over about a second after their patience
// is; their answers are of no use then.
LeaderAnswers ask_leaders(rd_kafka_s* client, const std::string& topic,
                          const std::vector<PartitionId>& partitions, std::optional<WallTime> time,
                          const Patience& patience);

// What the group has committed, one entry per partition in their order; offset < 0: nothing. Blocks
// for that time. unavailable: try again.
Result<std::vector<OffsetCommit>> ask_committed(rd_kafka_s* client, const std::string& topic,
                                                const std::vector<PartitionId>& partitions,
                                                const Patience& patience);

// Value. The same, of those partitions that the coordinator tells of: each is either in `commits`
// or in `unknown`, such as one with offsets in a transaction that is open.
struct CommittedAnswers {
  std::vector<OffsetCommit> commits;
  std::vector<PartitionId> unknown;
  std::optional<Error> error;  // why, of the first of these
};
// Asks for all together and, when that fails, for halves, so that one partition does not hide the
// others. Blocks for up to that time, and for a second for each half that fails.
CommittedAnswers ask_committed_apart(rd_kafka_s* client, const std::string& topic,
                                     const std::vector<PartitionId>& partitions,
                                     const Patience& patience);

// The id of the cluster once brokers have answered; empty: they tell none.
std::string cluster_id(rd_kafka_s* client, const Patience& patience);

// Value. What a partition of a topic holds.
struct Extent {
  PartitionId partition;
  Offset earliest = 0;
  Offset end = 0;
};
// Of all partitions that the topic has now, ascending. Blocks like ask_leaders(). unavailable: try
// again; invalid: the topic is not there (E6109), or not for us.
Result<std::vector<Extent>> look_up_extents(rd_kafka_s* client, const std::string& topic,
                                            const Patience& patience);

// What all their leaders say, in the order of the partitions. Any client may ask. Blocks as well;
// unavailable: one of them has no leader, or does not answer.
Result<std::vector<PartitionFacts>> look_up_ends(rd_kafka_s* client, const std::string& topic,
                                                 const std::vector<PartitionId>& partitions,
                                                 std::optional<WallTime> time,
                                                 const Patience& patience);

// Some broker answers. Blocks for up to that time. unavailable (E6101).
Status reach_brokers(rd_kafka_s* client, const Patience& patience);

// How many partitions the topic has. Blocks for up to that time. unavailable (E6101): no answer, or
// no such topic; invalid (E6101): not for this user.
Result<std::uint32_t> partition_count(rd_kafka_s* client, const std::string& topic,
                                      const Patience& patience);

}  // namespace pelton::kafka
