// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

#include <memory>
#include <string>

struct rd_kafka_consumer_group_metadata_s;

namespace pelton::kafka {

// Value. An offset to commit.
struct OffsetCommit {
  PartitionId partition;
  Offset offset = 0;
  std::string metadata;
};

struct GroupMetadataDeleter {
  void operator()(rd_kafka_consumer_group_metadata_s* metadata) const;
};
// Which member in which generation of a group speaks: brokers refuse a transaction's offsets when
// that is over (KIP-447).
using GroupMetadata = std::unique_ptr<rd_kafka_consumer_group_metadata_s, GroupMetadataDeleter>;

}  // namespace pelton::kafka
