// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/group_metadata.h"

#include "engine/kafka/client/handles.h"

#include <cstdlib>
#include <cstring>

namespace pelton::kafka {

void GroupMetadataDeleter::operator()(rd_kafka_consumer_group_metadata_s* metadata) const {
  rd_kafka_consumer_group_metadata_destroy(metadata);
}

void add_position(rd_kafka_topic_partition_list_t& list, const std::string& topic,
                  const OffsetCommit& position) {
  auto* entry = rd_kafka_topic_partition_list_add(
      &list, topic.c_str(), static_cast<std::int32_t>(position.partition.value));
  entry->offset = position.offset;
  // The list frees it.
  entry->metadata = std::malloc(position.metadata.size() + 1);
  std::memcpy(entry->metadata, position.metadata.c_str(), position.metadata.size() + 1);
  entry->metadata_size = position.metadata.size();
}

}  // namespace pelton::kafka
