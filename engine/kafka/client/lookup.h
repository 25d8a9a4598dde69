// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

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
  Offset end = 0;
  Offset at_time = 0;  // first offset at or after the time asked for; end if none
};

// Asks the brokers; blocks up to about three times the timeout, so not on the loop's thread.
// unavailable: try again.
Result<std::vector<PartitionFacts>> look_up(rd_kafka_s* client, const std::string& topic,
                                            const std::vector<PartitionId>& partitions,
                                            std::optional<WallTime> time,
                                            std::chrono::milliseconds timeout);

// Value. What a partition of a topic holds.
struct Extent {
  PartitionId partition;
  Offset earliest = 0;
  Offset end = 0;
};
// Of all partitions that the topic has now, ascending. Blocks like look_up. unavailable: try again;
// invalid: the topic is not there (E6109), or not for us.
Result<std::vector<Extent>> look_up_extents(rd_kafka_s* client, const std::string& topic,
                                            std::chrono::milliseconds timeout);

// The partitions' ends, in their order. Blocks as well.
Result<std::vector<Offset>> end_offsets(rd_kafka_s* client, const std::string& topic,
                                        const std::vector<PartitionId>& partitions,
                                        std::chrono::milliseconds timeout);

// The same without a group: `committed` is absent. Any client may ask.
Result<std::vector<PartitionFacts>> look_up_ends(rd_kafka_s* client, const std::string& topic,
                                                 const std::vector<PartitionId>& partitions,
                                                 std::optional<WallTime> time,
                                                 std::chrono::milliseconds timeout);

// Some broker answers. Blocks up to the timeout. unavailable (E6101).
Status reach_brokers(rd_kafka_s* client, std::chrono::milliseconds timeout);

// How many partitions the topic has. Blocks up to the timeout. unavailable (E6101): no answer, or
// no such topic; invalid (E6101): not for this user.
Result<std::uint32_t> partition_count(rd_kafka_s* client, const std::string& topic,
                                      std::chrono::milliseconds timeout);

}  // namespace pelton::kafka
